//go:build linux && !android && !nocamera && (amd64 || arm64 || riscv64)

package camera

// Video4Linux2, as the kernel's uapi/linux/videodev2.h has it on little-endian
// machines of 64 bits: capture of single-planar pictures through buffers that
// the kernel shares. Structures are read and written at their offsets, so that
// no layout is left to a compiler.

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"iter"
	"slices"
	"syscall"
	"time"

	"bonafide/internal/explain"
)

// Requests of the kernel: direction, length of the argument, 'V', number.
const (
	reqCapabilities = 0x80685600
	reqEnumFormat   = 0xc0405602
	reqSetFormat    = 0xc0d05605
	reqBuffers      = 0xc0145608
	reqQueryBuffer  = 0xc0585609
	reqQueue        = 0xc058560f
	reqDequeue      = 0xc0585611
	reqStreamOn     = 0x40045612
	reqStreamOff    = 0x40045613
	reqEnumSize     = 0xc02c564a
)

const (
	capture       = 1 // a buffer's type, and the capability
	capStreaming  = 0x04000000
	capOfDevice   = 0x80000000 // the device's own capabilities are told too
	flagError     = 0x40
	memoryMapped  = 1
	fieldNone     = 1
	sizesDiscrete = 1
)

// Kinds of pictures.
const (
	yuyv  = 0x56595559
	mjpeg = 0x47504a4d
)

// le is the order of bytes of these machines.
var le = binary.LittleEndian

// What is asked of a camera: enough for a code of version 13 that fills two
// fifths of the picture's height, and little enough to be looked through ten times a
// second.
const (
	wantWidth  = 1280
	wantHeight = 720
)

// Limits of what a driver may go on saying.
const (
	maxDevices = 64
	maxKinds   = 64
	maxSizes   = 256
	buffers    = 4
)

const (
	pollFor    = 250 * time.Millisecond
	silentFor  = 10 * time.Second
	brokenMost = 200 // pictures in a row that are not whole
)

// calls are the system calls that a camera takes. Tests stand in for the kernel.
type calls interface {
	names() ([]string, error) // device files that may be cameras
	open(name string) (fd int, err error)
	close(fd int) error
	ioctl(fd int, request uint, argument []byte) error
	mmap(fd int, offset int64, length int) ([]byte, error)
	munmap(b []byte) error
	poll(fd int, timeout time.Duration) (ready bool, err error)
}

// Host is this machine.
func Host() System { return system{kernel{}} }

type system struct{ calls }

// Devices implements System.
func (s system) Devices() ([]Device, error) {
	names, err := s.names()
	if err != nil {
		return nil, refused(err)
	}
	var out []Device
	var denied error
	for _, name := range names[:min(len(names), maxDevices)] {
		fd, err := s.open(name)
		if err != nil {
			if err = refused(err); explain.CodeOf(err) == "camera_denied" {
				denied = err
			}
			continue
		}
		if card, ok := s.isCamera(fd); ok {
			out = append(out, Device{ID: name, Name: card})
		}
		_ = s.close(fd) // it was only asked
	}
	switch {
	case len(out) > 0:
		return out, nil
	case denied != nil:
		return nil, denied
	}
	return nil, explain.Errorf("camera_none", "%d video devices", len(names))
}

// isCamera asks a device whether it gives pictures of a kind that is read here,
// and for its name.
func (s system) isCamera(fd int) (name string, ok bool) {
	b := make([]byte, 104)
	if s.again(fd, reqCapabilities, b) != nil {
		return "", false
	}
	can := le.Uint32(b[84:])
	if can&capOfDevice != 0 {
		can = le.Uint32(b[88:])
	}
	if can&capture == 0 || can&capStreaming == 0 {
		return "", false
	}
	card, _, _ := bytes.Cut(b[16:48], []byte{0})
	return string(card), len(s.kinds(fd)) > 0
}

// again makes a request until no signal disturbs it.
func (s system) again(fd int, request uint, b []byte) error {
	for range 100 {
		if err := s.ioctl(fd, request, b); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
	return syscall.EINTR
}

// kinds are the kinds of pictures that a device gives and that are read here.
func (s system) kinds(fd int) (out []uint32) {
	for i := range uint32(maxKinds) {
		b := make([]byte, 64)
		le.PutUint32(b, i)
		le.PutUint32(b[4:], capture)
		if s.again(fd, reqEnumFormat, b) != nil {
			break
		}
		if k := le.Uint32(b[44:]); (k == yuyv || k == mjpeg) && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// mode is a kind and a size of pictures.
type mode struct {
	kind          uint32
	width, height int
}

// fit orders modes: nearest in pixels to what is wanted without going beyond,
// and of the same size the one that no camera squeezed.
func (m mode) fit() int {
	n := m.width * m.height
	if n > wantWidth*wantHeight {
		n = wantWidth*wantHeight - (n-wantWidth*wantHeight)/2
	}
	n *= 2
	if m.kind == yuyv {
		n++
	}
	return n
}

// modes lists what a device offers; of sizes that go in steps the wanted one.
func (s system) modes(fd int) (out []mode) {
	for _, kind := range s.kinds(fd) {
		found := false
		for i := range uint32(maxSizes) {
			b := make([]byte, 44)
			le.PutUint32(b, i)
			le.PutUint32(b[4:], kind)
			if s.again(fd, reqEnumSize, b) != nil {
				break
			}
			found = true
			at := func(o int) int { return int(le.Uint32(b[o:])) }
			if at(8) == sizesDiscrete {
				out = append(out, mode{kind, at(12), at(16)})
				continue
			}
			out = append(out, mode{kind, stepped(wantWidth, at(12), at(16), at(20)), stepped(wantHeight, at(24), at(28), at(32))})
			break
		}
		if !found {
			out = append(out, mode{kind, wantWidth, wantHeight})
		}
	}
	out = slices.DeleteFunc(out, func(m mode) bool {
		return m.width <= 0 || m.height <= 0 || m.width > maxSide || m.height > maxSide || m.width*m.height > maxPixels
	})
	slices.SortStableFunc(out, func(a, b mode) int { return b.fit() - a.fit() })
	return out
}

// stepped is the size that a camera has nearest below want.
func stepped(want, least, most, step int) int {
	want = min(max(want, least), most)
	if step > 1 {
		want -= (want - least) % step
	}
	return want
}

// device is an open camera.
type device struct {
	system
	fd     int
	mode   mode
	stride int
	mapped [][]byte
	on     bool
}

// Open implements System.
func (s system) Open(id string) (Camera, error) {
	names, err := s.names()
	if err != nil {
		return nil, refused(err)
	}
	if !slices.Contains(names, id) { // no other file is ever opened as a camera
		return nil, explain.Errorf("camera_gone", "no such device")
	}
	fd, err := s.open(id)
	if err != nil {
		return nil, refused(err)
	}
	d := &device{system: s, fd: fd}
	if _, ok := s.isCamera(fd); !ok {
		err = explain.Errorf("camera_format", "no pictures that are read here")
	}
	if err == nil {
		err = d.agree()
	}
	if err == nil {
		err = d.share()
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// agree settles the kind and the size of the pictures. A driver may answer with
// others than were asked for.
func (d *device) agree() error {
	for _, m := range d.modes(d.fd) {
		b := make([]byte, 208)
		le.PutUint32(b, capture)
		le.PutUint32(b[8:], uint32(m.width))
		le.PutUint32(b[12:], uint32(m.height))
		le.PutUint32(b[16:], m.kind)
		le.PutUint32(b[20:], fieldNone)
		if err := d.again(d.fd, reqSetFormat, b); err != nil {
			if errors.Is(err, syscall.EINVAL) {
				continue
			}
			return refused(err)
		}
		got := mode{le.Uint32(b[16:]), int(le.Uint32(b[8:])), int(le.Uint32(b[12:]))}
		stride := int(le.Uint32(b[24:]))
		if got.width <= 0 || got.height <= 0 || got.width > maxSide || got.height > maxSide || got.width*got.height > maxPixels {
			continue
		}
		switch got.kind {
		case mjpeg:
		case yuyv:
			if stride == 0 {
				stride = 2 * got.width
			}
			if got.width%2 != 0 || stride < 2*got.width || stride > 4*maxSide {
				continue
			}
		default:
			continue
		}
		d.mode, d.stride = got, stride
		return nil
	}
	return explain.Errorf("camera_format", "nothing that it offers can be read")
}

// share has the kernel make buffers and maps them.
func (d *device) share() error {
	b := make([]byte, 20)
	le.PutUint32(b, buffers)
	le.PutUint32(b[4:], capture)
	le.PutUint32(b[8:], memoryMapped)
	if err := d.again(d.fd, reqBuffers, b); err != nil {
		return refused(err)
	}
	n := int(le.Uint32(b))
	if n < 1 || n > 8*buffers {
		return explain.Errorf("camera_failed", "%d buffers", n)
	}
	for i := range n {
		q := d.buffer(i)
		if err := d.again(d.fd, reqQueryBuffer, q); err != nil {
			return refused(err)
		}
		length := int(le.Uint32(q[72:]))
		if length <= 0 || length > maxBuffer {
			return explain.Errorf("camera_failed", "a buffer of %d bytes", length)
		}
		m, err := d.mmap(d.fd, int64(le.Uint32(q[64:])), length)
		if err != nil {
			return refused(err)
		}
		d.mapped = append(d.mapped, m)
		if err := d.again(d.fd, reqQueue, d.buffer(i)); err != nil {
			return refused(err)
		}
	}
	return nil
}

func (d *device) buffer(i int) []byte {
	b := make([]byte, 88)
	le.PutUint32(b, uint32(i))
	le.PutUint32(b[4:], capture)
	le.PutUint32(b[60:], memoryMapped)
	return b
}

// Frames implements Camera.
func (d *device) Frames(ctx context.Context) iter.Seq2[image.Image, error] {
	return func(yield func(image.Image, error) bool) {
		on := le.AppendUint32(nil, capture)
		if err := d.again(d.fd, reqStreamOn, on); err != nil {
			yield(nil, refused(err))
			return
		}
		d.on = true
		silent, broken := time.Duration(0), 0
		for ctx.Err() == nil {
			ready, err := d.poll(d.fd, pollFor)
			if err != nil && !errors.Is(err, syscall.EINTR) {
				yield(nil, refused(err))
				return
			}
			var m image.Image
			if ready {
				if m, err = d.newest(); err != nil {
					yield(nil, err)
					return
				}
			}
			switch {
			case m != nil:
				silent, broken = 0, 0
				if !yield(m, nil) {
					return
				}
			case ready:
				broken++
			default:
				silent += pollFor
			}
			if silent >= silentFor || broken >= brokenMost {
				yield(nil, explain.Errorf("camera_failed", "no whole picture for a while"))
				return
			}
		}
	}
}

// newest takes the filled buffers and makes a picture of the last whole one; nil
// where there is none. The others would show what has passed already.
func (d *device) newest() (image.Image, error) {
	var last []byte
	for range d.mapped {
		b := make([]byte, 88)
		le.PutUint32(b[4:], capture)
		le.PutUint32(b[60:], memoryMapped)
		err := d.again(d.fd, reqDequeue, b)
		if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EIO) {
			break // nothing more, or one that was lost on its way
		}
		if err != nil {
			return nil, refused(err)
		}
		i, used := int(le.Uint32(b)), int(le.Uint32(b[8:]))
		if i >= len(d.mapped) {
			return nil, explain.Errorf("camera_failed", "buffer %d", i)
		}
		if le.Uint32(b[12:])&flagError == 0 && used > 0 && used <= len(d.mapped[i]) {
			last = slices.Clone(d.mapped[i][:used])
		}
		if err := d.again(d.fd, reqQueue, d.buffer(i)); err != nil {
			return nil, refused(err)
		}
	}
	if last == nil {
		return nil, nil
	}
	return d.picture(last), nil
}

// picture decodes a buffer; nil where it holds no whole picture.
func (d *device) picture(b []byte) image.Image {
	if d.mode.kind == yuyv {
		if m, err := fromYUYV(b, d.mode.width, d.mode.height, d.stride); err == nil {
			return m
		}
		return nil
	}
	if m, err := fromMJPEG(b, d.mode.width, d.mode.height); err == nil {
		return m
	}
	return nil
}

// Close implements Camera.
func (d *device) Close() error {
	var errs []error
	if d.on {
		d.on = false
		// A camera that is gone cannot be switched off.
		_ = d.again(d.fd, reqStreamOff, le.AppendUint32(nil, capture))
	}
	for _, m := range d.mapped {
		errs = append(errs, d.munmap(m))
	}
	d.mapped = nil
	if d.fd >= 0 {
		errs = append(errs, d.close(d.fd))
		d.fd = -1
	}
	return errors.Join(errs...)
}

// refused gives what the kernel says its code.
func refused(err error) error {
	if explain.CodeOf(err) != "" {
		return err
	}
	code := "camera_failed"
	switch {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO):
		code = "camera_gone"
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		code = "camera_denied"
	case errors.Is(err, syscall.EBUSY):
		code = "camera_busy"
	}
	return explain.Errorf(code, "%w", err)
}
