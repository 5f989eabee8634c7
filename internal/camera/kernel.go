//go:build linux && !android && !nocamera && (amd64 || arm64 || riscv64)

package camera

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernel makes the calls for real.
type kernel struct{}

// names are the device files /dev/video0 and on, in the order of their numbers.
func (kernel) names() ([]string, error) {
	const dir, prefix = "/dev", "video"
	all, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, e := range all {
		if n, ok := strings.CutPrefix(e.Name(), prefix); ok {
			if i, err := strconv.Atoi(n); err == nil && strconv.Itoa(i) == n {
				numbers = append(numbers, i)
			}
		}
	}
	slices.SortFunc(numbers, cmp.Compare[int])
	var out []string
	for _, n := range numbers {
		out = append(out, filepath.Join(dir, prefix+strconv.Itoa(n)))
	}
	return out, nil
}

// open never waits, and gives the file to no program that is started.
func (kernel) open(name string) (int, error) {
	fd, err := unix.Open(name, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFCHR {
		err = syscall.ENODEV
	}
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

func (kernel) close(fd int) error { return unix.Close(fd) }

// ioctl hands the kernel an argument as long as the request says.
func (kernel) ioctl(fd int, request uint, argument []byte) error {
	if n := int(request >> 16 & 0x3fff); len(argument) != n || n == 0 {
		return syscall.EINVAL
	}
	_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(unsafe.Pointer(unsafe.SliceData(argument))))
	if e != 0 {
		return e
	}
	return nil
}

// mmap maps a buffer for reading; the kernel writes into it.
func (kernel) mmap(fd int, offset int64, length int) ([]byte, error) {
	return unix.Mmap(fd, offset, length, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

func (kernel) munmap(b []byte) error { return unix.Munmap(b) }

func (kernel) poll(fd int, timeout time.Duration) (bool, error) {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(timeout.Milliseconds()))
	if err != nil || n == 0 {
		return false, err
	}
	if fds[0].Revents&unix.POLLIN == 0 { // only trouble: the next request names it, or there is none
		return false, syscall.ENODEV
	}
	return true, nil
}
