package camera

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
)

// errShort says that a buffer holds less than a picture; the next one may be
// whole.
var errShort = errors.New("less than a picture")

// fromYUYV makes a picture of 4:2:2 pixels: Y0 U Y1 V for each two of a row, and
// stride bytes from row to row.
func fromYUYV(b []byte, width, height, stride int) (*image.YCbCr, error) {
	if width <= 0 || height <= 0 || width > maxSide || height > maxSide || width*height > maxPixels || width%2 != 0 || stride < 2*width || stride > 4*maxSide {
		return nil, fmt.Errorf("%d × %d pixels, %d bytes a row", width, height, stride)
	}
	if len(b) < stride*(height-1)+2*width {
		return nil, errShort
	}
	m := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio422)
	for y := range height {
		row := b[y*stride : y*stride+2*width]
		light, cb, cr := m.Y[y*m.YStride:], m.Cb[y*m.CStride:], m.Cr[y*m.CStride:]
		for i := range width / 2 {
			light[2*i], cb[i], light[2*i+1], cr[i] = row[4*i], row[4*i+1], row[4*i+2], row[4*i+3]
		}
	}
	return m, nil
}

// fromMJPEG makes a picture of one JPEG of a stream. It must have the size that
// was agreed with the camera. Cameras may leave the Huffman tables out, meaning
// those of ITU-T T.81, annex K.
func fromMJPEG(b []byte, width, height int) (m image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("the decoder failed: %v", p)
		}
	}()
	b, err = withTables(b)
	if err != nil {
		return nil, err
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	if c.Width != width || c.Height != height {
		return nil, fmt.Errorf("%d × %d pixels where %d × %d were agreed", c.Width, c.Height, width, height)
	}
	return jpeg.Decode(bytes.NewReader(b))
}

// withTables puts the usual Huffman tables before the scan where there are none.
// What is no baseline JPEG of one scan is refused: nothing else is in a stream of
// a camera, and many scans would be long work.
func withTables(b []byte) ([]byte, error) {
	const (
		soi, eoi, sos, dht, sof0, sof1 = 0xd8, 0xd9, 0xda, 0xc4, 0xc0, 0xc1
	)
	if len(b) < 4 || b[0] != 0xff || b[1] != soi {
		return nil, errShort
	}
	tables := false
	for i := 2; i+4 <= len(b); {
		if b[i] != 0xff {
			return nil, errors.New("no segment")
		}
		switch m := b[i+1]; {
		case m == 0xff: // filling
			i++
			continue
		case m == eoi:
			return nil, errShort
		case m == dht:
			tables = true
		case m == sos:
			// Behind the only scan nothing counts.
			if end := bytes.Index(b[i:], []byte{0xff, eoi}); end >= 0 {
				b = b[:i+end+2]
			}
			if bytes.Count(b[i:], []byte{0xff, sos}) > 1 {
				return nil, errors.New("several scans")
			}
			if tables {
				return b, nil
			}
			out := make([]byte, 0, len(b)+len(huffman))
			return append(append(append(out, b[:i]...), huffman...), b[i:]...), nil
		case m >= 0xc0 && m <= 0xcf && m != sof0 && m != sof1 && m != 0xc8 && m != 0xcc:
			return nil, errors.New("not baseline")
		}
		i += 2 + max(2, int(b[i+2])<<8|int(b[i+3]))
	}
	return nil, errShort
}

// huffman is a DHT segment with the tables of ITU-T T.81, K.3.
var huffman = tables()

func tables() []byte {
	dc := func(class byte, counts string) []byte {
		out := append([]byte{class}, counts...)
		for i := range byte(12) {
			out = append(out, i)
		}
		return out
	}
	ac := func(class byte, counts, values string) []byte {
		return append(append([]byte{class}, counts...), values...)
	}
	body := dc(0x00, "\x00\x01\x05\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00")
	body = append(body, ac(0x10, "\x00\x02\x01\x03\x03\x02\x04\x03\x05\x05\x04\x04\x00\x00\x01\x7d",
		"\x01\x02\x03\x00\x04\x11\x05\x12\x21\x31\x41\x06\x13\x51\x61\x07\x22\x71\x14\x32\x81\x91\xa1\x08"+
			"\x23\x42\xb1\xc1\x15\x52\xd1\xf0\x24\x33\x62\x72\x82\x09\x0a\x16\x17\x18\x19\x1a\x25\x26\x27\x28"+
			"\x29\x2a\x34\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\x4a\x53\x54\x55\x56\x57\x58\x59"+
			"\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x83\x84\x85\x86\x87\x88\x89"+
			"\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4\xb5\xb6"+
			"\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xe1\xe2"+
			"\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa")...)
	body = append(body, dc(0x01, "\x00\x03\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00")...)
	body = append(body, ac(0x11, "\x00\x02\x01\x02\x04\x04\x03\x04\x07\x05\x04\x04\x00\x01\x02\x77",
		"\x00\x01\x02\x03\x11\x04\x05\x21\x31\x06\x12\x41\x51\x07\x61\x71\x13\x22\x32\x81\x08\x14\x42\x91"+
			"\xa1\xb1\xc1\x09\x23\x33\x52\xf0\x15\x62\x72\xd1\x0a\x16\x24\x34\xe1\x25\xf1\x17\x18\x19\x1a\x26"+
			"\x27\x28\x29\x2a\x35\x36\x37\x38\x39\x3a\x43\x44\x45\x46\x47\x48\x49\x4a\x53\x54\x55\x56\x57\x58"+
			"\x59\x5a\x63\x64\x65\x66\x67\x68\x69\x6a\x73\x74\x75\x76\x77\x78\x79\x7a\x82\x83\x84\x85\x86\x87"+
			"\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xb2\xb3\xb4"+
			"\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda"+
			"\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa")...)
	n := len(body) + 2
	return append([]byte{0xff, 0xc4, byte(n >> 8), byte(n)}, body...)
}
