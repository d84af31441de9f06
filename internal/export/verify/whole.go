package verify

import (
	"crypto/sha256"
	"io"
)

// containerSum gives the digest of the container's file, which is taken once.
func (v *run) containerSum() (sum [32]byte, err error) {
	if v.whole != nil {
		return *v.whole, nil
	}
	return v.fileSum(v.file)
}

func (v *run) fileSum(path string) (sum [32]byte, err error) {
	f, err := v.open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close() //nolint:errcheck // read only
	h := sha256.New()
	_, err = io.CopyBuffer(struct{ io.Writer }{h}, io.NewSectionReader(f, 0, f.Size()), make([]byte, min(f.Size()+1, largest)))
	h.Sum(sum[:0])
	return sum, err
}
