//go:build linux && !android && !nocamera && (amd64 || arm64 || riscv64)

package camera

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"bonafide/internal/explain"
)

// fake is a kernel with one camera, as its driver behaves.
type fake struct {
	t        *testing.T
	devices  []string
	openErr  error
	caps     uint32
	kinds    []uint32
	sizes    map[uint32][][2]int
	stepwise bool
	answer   func(m mode) (got mode, stride int) // S_FMT; nil: as asked
	setErr   error
	buffers  int   // what the driver gives; 0: as many as asked
	length   int   // of a buffer; 0: what the picture takes
	script   []any // what comes, one a poll: []byte a picture, error a failure, nil nothing; the last stays

	set      mode
	stride   int
	mapped   map[uint32][]byte
	queued   []uint32
	ready    []uint32 // filled
	used     map[uint32]uint32
	flags    map[uint32]uint32
	lost     error // of the next dequeue
	on, off  bool
	opened   int
	unmapped int
	interr   int // so many requests are disturbed by signals
	polls    int
}

func (f *fake) names() ([]string, error) { return f.devices, nil }

func (f *fake) open(string) (int, error) {
	if f.openErr != nil {
		return -1, f.openErr
	}
	f.opened++
	return 7, nil
}

func (f *fake) close(fd int) error {
	f.opened--
	if fd != 7 {
		f.t.Errorf("file %d is closed", fd)
	}
	return nil
}

func (f *fake) mmap(_ int, offset int64, length int) ([]byte, error) {
	b := make([]byte, length)
	f.mapped[uint32(offset)/4096] = b
	return b, nil
}

func (f *fake) munmap([]byte) error { f.unmapped++; return nil }

func (f *fake) poll(int, time.Duration) (bool, error) {
	if !f.on {
		f.t.Error("waits for pictures that nobody asked for")
	}
	f.polls++
	if f.polls > 2000 {
		f.t.Fatal("polls for ever")
	}
	if len(f.script) == 0 {
		return false, nil
	}
	next := f.script[0]
	if len(f.script) > 1 {
		f.script = f.script[1:]
	}
	switch x := next.(type) {
	case nil:
		return false, nil
	case error:
		return false, x
	case dequeue:
		f.lost = x.err
		return true, nil
	case []byte:
		f.fill(x, 0)
	case [][]byte: // several, before anybody looked
		for _, b := range x {
			f.fill(b, 0)
		}
	case flagged:
		f.fill(x, flagError)
	}
	return true, nil
}

type (
	dequeue struct{ err error }
	flagged []byte
)

func (f *fake) fill(b []byte, flags uint32) {
	if len(f.queued) == 0 {
		f.t.Error("no buffer is queued")
		return
	}
	i := f.queued[0]
	f.queued = f.queued[1:]
	copy(f.mapped[i], b)
	f.used[i], f.flags[i] = uint32(len(b)), flags
	f.ready = append(f.ready, i)
}

func (f *fake) ioctl(fd int, request uint, b []byte) error {
	if len(b) != int(request>>16&0x3fff) {
		f.t.Errorf("request %#x with %d bytes", request, len(b))
	}
	if fd != 7 {
		f.t.Errorf("request to file %d", fd)
	}
	if f.interr > 0 {
		f.interr--
		return syscall.EINTR
	}
	u := func(o int) uint32 { return le.Uint32(b[o:]) }
	put := func(o int, v uint32) { le.PutUint32(b[o:], v) }
	switch request {
	case reqCapabilities:
		copy(b[16:48], "Fake\x1b[31m camera")
		put(84, f.caps|capOfDevice|2)
		put(88, f.caps)
	case reqEnumFormat:
		if int(u(0)) >= len(f.kinds) || u(4) != capture {
			return syscall.EINVAL
		}
		put(44, f.kinds[u(0)])
	case reqEnumSize:
		sizes := f.sizes[u(4)]
		if f.stepwise {
			put(8, 3)
			for o, v := range map[int]uint32{12: 160, 16: 1930, 20: 16, 24: 120, 28: 1090, 32: 8} {
				put(o, v)
			}
			return nil
		}
		if int(u(0)) >= len(sizes) {
			return syscall.EINVAL
		}
		put(8, sizesDiscrete)
		put(12, uint32(sizes[u(0)][0]))
		put(16, uint32(sizes[u(0)][1]))
	case reqSetFormat:
		if f.setErr != nil {
			return f.setErr
		}
		m := mode{u(16), int(u(8)), int(u(12))}
		stride := 0
		if m.kind == yuyv {
			stride = 2 * m.width
		}
		if f.answer != nil {
			m, stride = f.answer(m)
		}
		f.set, f.stride = m, stride
		put(8, uint32(m.width))
		put(12, uint32(m.height))
		put(16, m.kind)
		put(24, uint32(stride))
	case reqBuffers:
		if u(8) != memoryMapped {
			return syscall.EINVAL
		}
		if f.buffers != 0 {
			put(0, uint32(f.buffers))
		}
	case reqQueryBuffer:
		n := f.length
		if n == 0 {
			n = max(f.stride, 2*f.set.width) * f.set.height
		}
		put(72, uint32(n))
		put(64, u(0)*4096)
	case reqQueue:
		if slices.Contains(f.queued, u(0)) {
			f.t.Errorf("buffer %d is queued twice", u(0))
		}
		f.queued = append(f.queued, u(0))
	case reqDequeue:
		if err := f.lost; err != nil {
			f.lost = nil
			return err
		}
		if len(f.ready) == 0 {
			return syscall.EAGAIN
		}
		i := f.ready[0]
		f.ready = f.ready[1:]
		put(0, i)
		put(8, f.used[i])
		put(12, f.flags[i])
	case reqStreamOn:
		f.on = true
	case reqStreamOff:
		f.on, f.off = false, true
	default:
		f.t.Errorf("request %#x", request)
		return syscall.ENOTTY
	}
	return nil
}

func newFake(t *testing.T) *fake {
	return &fake{
		t: t, devices: []string{"/dev/video0"}, caps: capture | capStreaming,
		kinds: []uint32{0x30323449, yuyv, mjpeg}, sizes: map[uint32][][2]int{yuyv: {{8, 4}, {16, 8}}, mjpeg: {{16, 8}}},
		mapped: map[uint32][]byte{}, used: map[uint32]uint32{}, flags: map[uint32]uint32{},
	}
}

func opened(t *testing.T, f *fake) *device {
	t.Helper()
	c, err := system{f}.Open("/dev/video0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if f.opened != 0 || f.unmapped != len(f.mapped) {
			t.Errorf("%d files stay open, %d of %d buffers unmapped", f.opened, f.unmapped, len(f.mapped))
		}
		if err := c.Close(); err != nil || f.opened != 0 {
			t.Errorf("closed twice: %v", err)
		}
	})
	return c.(*device)
}

// shade is a YUYV picture of one brightness.
func shade(w, h, stride int, y byte) []byte {
	b := make([]byte, stride*h)
	for r := range h {
		for x := range w / 2 {
			copy(b[r*stride+4*x:], []byte{y, 128, y, 128})
		}
	}
	return b
}

// TestDevices: what is a camera is told by what it can, and asking leaves
// nothing open.
func TestDevices(t *testing.T) {
	for name, x := range map[string]struct {
		change func(*fake)
		code   string
	}{
		"a camera":     {func(*fake) {}, ""},
		"none":         {func(f *fake) { f.devices = nil }, "camera_none"},
		"metadata":     {func(f *fake) { f.caps = 0x00a00000 | capStreaming }, "camera_none"},
		"no streaming": {func(f *fake) { f.caps = capture }, "camera_none"},
		"H.264 alone":  {func(f *fake) { f.kinds = []uint32{0x34363248} }, "camera_none"},
		"not allowed":  {func(f *fake) { f.openErr = syscall.EACCES }, "camera_denied"},
		"gone":         {func(f *fake) { f.openErr = syscall.ENODEV }, "camera_none"},
		"signals":      {func(f *fake) { f.interr = 3 }, ""},
	} {
		f := newFake(t)
		x.change(f)
		got, err := system{f}.Devices()
		if explain.CodeOf(err) != x.code || f.opened != 0 {
			t.Errorf("%s: %v, %d files open", name, err, f.opened)
		}
		if x.code == "" && !slices.Equal(got, []Device{{"/dev/video0", "Fake\x1b[31m camera"}}) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestThreat70_Negotiation: the best of what is offered is asked for; what the driver
// makes of that is what counts, within bounds.
func TestThreat70_Negotiation(t *testing.T) {
	all := map[uint32][][2]int{
		yuyv:  {{640, 480}, {1280, 720}, {2592, 1944}},
		mjpeg: {{640, 480}, {1280, 720}, {1920, 1080}},
	}
	for name, x := range map[string]struct {
		change func(*fake)
		want   mode
		code   string
	}{
		"best":           {func(f *fake) { f.sizes = all }, mode{yuyv, 1280, 720}, ""},
		"small raw ones": {func(f *fake) { f.sizes = map[uint32][][2]int{yuyv: {{640, 480}}, mjpeg: all[mjpeg]} }, mode{mjpeg, 1280, 720}, ""},
		"only large ones": {func(f *fake) {
			f.kinds, f.sizes = []uint32{mjpeg}, map[uint32][][2]int{mjpeg: {{1920, 1080}, {3840, 2160}}}
		}, mode{mjpeg, 1920, 1080}, ""},
		"steps":                {func(f *fake) { f.stepwise = true }, mode{yuyv, 1280, 720}, ""},
		"sizes unknown":        {func(f *fake) { f.sizes = nil }, mode{yuyv, 1280, 720}, ""},
		"the driver's own":     {func(f *fake) { f.sizes, f.answer = all, func(m mode) (mode, int) { return mode{mjpeg, 800, 600}, 0 } }, mode{mjpeg, 800, 600}, ""},
		"a kind nobody wanted": {func(f *fake) { f.answer = func(m mode) (mode, int) { m.kind = 1; return m, 0 } }, mode{}, "camera_format"},
		"odd width": {func(f *fake) {
			f.kinds, f.answer = []uint32{yuyv}, func(m mode) (mode, int) { return mode{yuyv, 15, 8}, 30 }
		}, mode{}, "camera_format"},
		"rows that overlap": {func(f *fake) { f.kinds, f.answer = []uint32{yuyv}, func(m mode) (mode, int) { return m, m.width } }, mode{}, "camera_format"},
		"huge":              {func(f *fake) { f.answer = func(m mode) (mode, int) { return mode{mjpeg, 1 << 30, 1 << 30}, 0 } }, mode{}, "camera_format"},
		"no such mode":      {func(f *fake) { f.setErr = syscall.EINVAL }, mode{}, "camera_format"},
		"in use":            {func(f *fake) { f.setErr = syscall.EBUSY }, mode{}, "camera_busy"},
		"no buffers":        {func(f *fake) { f.buffers = -1 }, mode{}, "camera_failed"},
		"huge buffers":      {func(f *fake) { f.length = 1 << 30 }, mode{}, "camera_failed"},
		"not allowed":       {func(f *fake) { f.openErr = syscall.EPERM }, mode{}, "camera_denied"},
		"gone":              {func(f *fake) { f.devices = nil }, mode{}, "camera_gone"},
		"no camera":         {func(f *fake) { f.caps = 2 }, mode{}, "camera_format"},
	} {
		f := newFake(t)
		x.change(f)
		c, err := system{f}.Open("/dev/video0")
		if explain.CodeOf(err) != x.code {
			t.Errorf("%s: %v, not %q", name, err, x.code)
			continue
		}
		if err == nil {
			if d := c.(*device); d.mode != x.want {
				t.Errorf("%s: %+v", name, d.mode)
			}
			if err := c.Close(); err != nil {
				t.Error(name, err)
			}
		}
		if f.opened != 0 || f.unmapped != len(f.mapped) {
			t.Errorf("%s: %d files stay open, %d of %d buffers unmapped", name, f.opened, f.unmapped, len(f.mapped))
		}
	}
	// Nothing but a camera's own file is opened.
	f := newFake(t)
	if _, err := (system{f}).Open("/etc/passwd"); explain.CodeOf(err) != "camera_gone" || f.opened != 0 {
		t.Error(err)
	}
}

// seen takes pictures until there are n or an error.
func seen(t *testing.T, d *device, n int) (lights []byte, err error) {
	t.Helper()
	for m, e := range d.Frames(t.Context()) {
		if e != nil {
			return lights, e
		}
		lights = append(lights, color.GrayModel.Convert(m.At(1, 1)).(color.Gray).Y)
		if len(lights) == n {
			break
		}
	}
	return lights, nil
}

// TestPictures: short and faulty buffers are left out, of several that wait the
// newest counts, and every buffer goes back to the driver.
func TestPictures(t *testing.T) {
	f := newFake(t)
	w := shade(16, 8, 32, 1)
	f.script = []any{
		shade(16, 8, 32, 20), nil, w[:100],
		[]byte{},
		flagged(shade(16, 8, 32, 77)),
		dequeue{syscall.EIO},
		dequeue{syscall.EAGAIN},
		[][]byte{shade(16, 8, 32, 30), shade(16, 8, 32, 40)},
		shade(16, 8, 32, 50),
	}
	d := opened(t, f)
	got, err := seen(t, d, 3)
	if err != nil || !bytes.Equal(got, []byte{20, 40, 50}) {
		t.Errorf("%d, %v", got, err)
	}
	if len(f.queued) != buffers {
		t.Errorf("%d of %d buffers are with the driver", len(f.queued), buffers)
	}
	if err := d.Close(); err != nil || !f.off {
		t.Error("it goes on", err)
	}
}

// TestPadded: rows may be longer than their pixels.
func TestPadded(t *testing.T) {
	f := newFake(t)
	f.kinds = []uint32{yuyv}
	f.answer = func(m mode) (mode, int) { return m, 2*m.width + 10 }
	f.script = []any{shade(16, 8, 42, 99)}
	if got, err := seen(t, opened(t, f), 1); err != nil || got[0] != 99 {
		t.Error(got, err)
	}
}

// TestEnds: how a stream ends.
func TestEnds(t *testing.T) {
	for name, x := range map[string]struct {
		script []any
		code   string
	}{
		"unplugged":            {[]any{shade(16, 8, 32, 1), error(syscall.ENODEV)}, "camera_gone"},
		"unplugged in between": {[]any{dequeue{syscall.ENODEV}}, "camera_gone"},
		"silent":               {[]any{nil}, "camera_failed"},
		"never whole":          {[]any{[]byte("x")}, "camera_failed"},
		"nonsense":             {[]any{dequeue{errBuffer}}, "camera_failed"},
	} {
		f := newFake(t)
		f.script = x.script
		if _, err := seen(t, opened(t, f), 100); explain.CodeOf(err) != x.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Whoever cancels gets no error, and no picture more.
	f := newFake(t)
	f.script = []any{shade(16, 8, 32, 1)}
	d := opened(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range d.Frames(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		cancel()
	}
	if n != 1 {
		t.Errorf("%d pictures after the end", n)
	}
}

var errBuffer = errors.New("a driver that talks nonsense")

// TestMotion: JPEGs of a stream, with and without their tables, of another size,
// progressive, of many scans and cut off.
func TestMotion(t *testing.T) {
	m := image.NewYCbCr(image.Rect(0, 0, 16, 8), image.YCbCrSubsampleRatio422)
	for i := range m.Y {
		m.Y[i] = byte(15 * (i % 16))
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = 128, 128
	}
	var w bytes.Buffer
	if err := jpeg.Encode(&w, m, nil); err != nil {
		t.Fatal(err)
	}
	whole := w.Bytes()
	dht := bytes.Index(whole, []byte{0xff, 0xc4})
	n := 2 + int(whole[dht+2])<<8 + int(whole[dht+3])
	bare := slices.Concat(whole[:dht], whole[dht+n:])
	if bytes.Contains(bare, []byte{0xff, 0xc4}) {
		t.Fatal("the case needs one segment of tables")
	}
	want, err := fromMJPEG(whole, 16, 8)
	if err != nil {
		t.Fatal(err)
	}
	got, err := fromMJPEG(append(slices.Clone(bare), make([]byte, 50)...), 16, 8) // buffers are longer than pictures
	if err != nil {
		t.Fatal(err)
	}
	for x := range 16 {
		if got.At(x, 3) != want.At(x, 3) {
			t.Fatalf("without tables the pixel %d is %v, not %v", x, got.At(x, 3), want.At(x, 3))
		}
	}
	sos := bytes.Index(whole, []byte{0xff, 0xda})
	progressive := bytes.Clone(whole)
	progressive[bytes.Index(whole, []byte{0xff, 0xc0})+1] = 0xc2
	for name, b := range map[string][]byte{
		"progressive": progressive,
		"many scans":  slices.Concat(whole[:sos], bytes.Repeat(whole[sos:len(whole)-2], 50), whole[len(whole)-2:]),
		"cut":         whole[:sos], "empty": nil, "no picture": []byte("YUYVYUYV"), "an end at once": {0xff, 0xd8, 0xff, 0xd9, 0, 0},
	} {
		if m, err := fromMJPEG(b, 16, 8); err == nil {
			t.Errorf("%s gives %v", name, m.Bounds())
		}
	}
	if _, err := fromMJPEG(whole, 32, 8); err == nil {
		t.Error("a picture of another size than agreed")
	}
	f := newFake(t)
	f.kinds, f.script = []uint32{mjpeg}, []any{whole[:60], bare}
	if got, err := seen(t, opened(t, f), 1); err != nil || len(got) != 1 {
		t.Error(got, err)
	}
}

// TestKernel: the real calls refuse what is no camera, and lists what is there.
func TestKernel(t *testing.T) {
	names, err := kernel{}.names()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (kernel{}).open("/dev/null-which-is-not-there"); !errors.Is(err, syscall.ENOENT) {
		t.Error(err)
	}
	plain := t.TempDir() + "/video0"
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (kernel{}).open(plain); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("a file that is no device: %v", err)
	}
	fd, err := kernel{}.open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	s := system{kernel{}}
	if err := s.ioctl(fd, reqCapabilities, make([]byte, 104)); !errors.Is(err, syscall.ENOTTY) {
		t.Errorf("a device that is no camera: %v", err)
	}
	if err := s.ioctl(fd, reqCapabilities, make([]byte, 10)); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("an argument shorter than its request: %v", err)
	}
	if err := s.close(fd); err != nil {
		t.Error(err)
	}
	if len(names) == 0 {
		if _, err := Host().Devices(); explain.CodeOf(err) != "camera_none" {
			t.Errorf("without a camera: %v", err)
		}
		t.Skip("there is no camera here (/dev/video*): a real stream was not tried")
	}
	devices, err := Host().Devices()
	t.Log(devices, err)
}

// FuzzPicture: whatever a camera puts into a buffer is a picture of the agreed
// size, or none.
func FuzzPicture(f *testing.F) {
	var w bytes.Buffer
	if err := jpeg.Encode(&w, image.NewGray(image.Rect(0, 0, 16, 8)), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(w.Bytes(), uint16(16), uint16(8), uint16(0), true)
	f.Add(w.Bytes()[:100], uint16(16), uint16(8), uint16(0), true)
	f.Add(shade(16, 8, 40, 7), uint16(16), uint16(8), uint16(40), false)
	f.Add([]byte{1, 2, 3}, uint16(60000), uint16(60000), uint16(1), false)
	f.Fuzz(func(t *testing.T, b []byte, width, height, stride uint16, motion bool) {
		d := &device{mode: mode{yuyv, int(width), int(height)}, stride: int(stride)}
		if motion {
			if int(width)*int(height) > 1<<16 {
				return // only slow
			}
			d.mode.kind = mjpeg
		}
		if m := d.picture(b); m != nil && m.Bounds().Size() != image.Pt(int(width), int(height)) {
			t.Errorf("a picture of %v", m.Bounds())
		}
	})
}
