package pades

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"lerd/internal/export/cms"
	"lerd/internal/fault"
)

// Store is the operator's folder of trust: anchors that hold for every country
// at its top, those of one country in a folder of its two letters, authorities of
// time stamps in "timestamps". Certificates are *.pem, revocation lists *.crl (DER
// or PEM).
type Store struct {
	all     Trust
	country map[string]Trust
}

var countryFolder = regexp.MustCompile(`^[A-Z]{2}$`)

// Load reads the folder. A file that cannot be read is an error that names it: a
// missing anchor must not make signatures unverifiable without a word.
func Load(fsys fs.FS) (s *Store, err error) {
	defer fault.Wrap(&err, "pades.Load")
	s = &Store{country: map[string]Trust{}}
	entries, err := fs.ReadDir(fsys, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if s.all, err = folder(fsys, "."); err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		t, err := folder(fsys, e.Name())
		switch {
		case err != nil:
			return nil, err
		case e.Name() == "timestamps":
			s.all.Stamps, s.all.CRLs = append(s.all.Stamps, t.Roots...), append(s.all.CRLs, t.CRLs...)
		case countryFolder.MatchString(e.Name()):
			s.country[e.Name()] = t
		default:
			return nil, fault.New(fault.Invalid, "The folder %q of trust anchors is neither a country's two letters nor \"timestamps\".", e.Name())
		}
	}
	return s, nil
}

// For gives whom to believe about the orders of a country.
func (s *Store) For(country string) Trust {
	if s == nil {
		return Trust{}
	}
	own := s.country[strings.ToUpper(country)]
	return Trust{Roots: append(append([]*x509.Certificate{}, s.all.Roots...), own.Roots...), Stamps: s.all.Stamps,
		CRLs: append(append([]*x509.RevocationList{}, s.all.CRLs...), own.CRLs...)}
}

// Anchors counts the anchors of a country with those that hold for all.
func (s *Store) Anchors(country string) int { return len(s.For(country).Roots) }

// folder reads one folder. What a national trusted list names may be an issuing
// authority, not signed by itself: each certificate in the folder is an anchor.
func folder(fsys fs.FS, dir string) (t Trust, err error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return t, err
	}
	for _, e := range entries {
		file := path.Join(dir, e.Name())
		switch ext := strings.ToLower(path.Ext(e.Name())); {
		case e.IsDir():
		case ext == ".pem":
			err = t.certificates(fsys, file)
		case ext == ".crl":
			err = t.list(fsys, file)
		}
		if err != nil {
			return t, fault.Because(fault.Invalid, err, "The file %s in the folder of trust anchors cannot be read.", file)
		}
	}
	return t, nil
}

func (t *Trust) certificates(fsys fs.FS, file string) error {
	b, err := fs.ReadFile(fsys, file)
	if err != nil {
		return err
	}
	list, err := cms.ParseCertsPEM(b)
	if err != nil {
		return err
	}
	for _, c := range list {
		if !c.IsCA {
			return fault.New(fault.Invalid, "%q is no certificate authority.", c.Subject.CommonName)
		}
	}
	t.Roots = append(t.Roots, list...)
	return nil
}

func (t *Trust) list(fsys fs.FS, file string) error {
	b, err := fs.ReadFile(fsys, file)
	if err != nil {
		return err
	}
	if block, _ := pem.Decode(b); block != nil {
		b = block.Bytes
	}
	l, err := x509.ParseRevocationList(b)
	if err != nil {
		return err
	}
	t.CRLs = append(t.CRLs, l)
	return nil
}
