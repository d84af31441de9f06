package verify

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"filippo.io/age"

	"lerd/internal/export/cms"
	"lerd/internal/fault"
)

// canDecrypt tells whether the caller gave what opens a file of that kind.
func (v *run) canDecrypt(path string) bool {
	switch {
	case filepath.Ext(path) == ".age" && len(v.o.Identities) == 0:
		v.r.add(Check{"decrypt", "The file opens with your key.", Fail, "Give the file with your age identity with --age-identity."})
	case filepath.Ext(path) == ".p7m" && (v.o.Cert == nil || v.o.Key == nil):
		v.r.add(Check{"decrypt", "The file opens with your key.", Fail, "Give your certificate and key with --cert and --key."})
	default:
		return true
	}
	return false
}

// decrypt writes what src holds to dst, closes it, and says how far the form of
// encryption itself shows changes.
func (v *run) decrypt(dst, src *os.File) (string, error) {
	if filepath.Ext(src.Name()) == ".age" {
		return "age: no octet was changed", errors.Join(v.decryptAge(dst, src), dst.Close())
	}
	p, err := cms.DecryptFile(dst, src, v.o.Cert, v.o.Key)
	if err = errors.Join(err, dst.Close()); err != nil {
		return "", err
	}
	if p == cms.CBC {
		return "AES-256-CBC: this form does not show changes, the seal inside does", nil
	}
	return "AES-256-GCM: no octet was changed", nil
}

func (v *run) decryptAge(dst io.Writer, src io.Reader) error {
	r, err := age.Decrypt(src, v.o.Identities...)
	if err != nil {
		return fault.Because(fault.Invalid, err, "The file is not encrypted to this age identity, or was changed.")
	}
	if _, err := io.Copy(dst, r); err != nil {
		return fault.Because(fault.Invalid, err, "The file was changed or cut off after it was encrypted.")
	}
	return nil
}
