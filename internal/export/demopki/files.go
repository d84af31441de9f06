package demopki

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/fault"
)

type saved struct {
	URL     string               `json:"url"`
	Revoked map[string]time.Time `json:"revoked"`
}

func (p *PKI) entities() map[string]*Entity {
	return map[string]*Entity{"root": &p.Root, "issuing": &p.Issuing, "seal": &p.Seal, "tsa-root": &p.TSARoot, "tsa": &p.TSA}
}

// Save writes NAME.pem and NAME.key (mode 0600) of every entity into dir,
// chain.pem (seal, issuing, root) and pki.json.
func (p *PKI) Save(dir string) (err error) {
	defer fault.Wrap(&err, "save demonstration certificates")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, e := range p.entities() {
		if err := e.Save(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	chain := CertsPEM(p.Seal.Cert, p.Issuing.Cert, p.Root.Cert)
	if err := os.WriteFile(filepath.Join(dir, "chain.pem"), chain, 0o600); err != nil {
		return err
	}
	b, err := json.MarshalIndent(saved{URL: p.URL, Revoked: p.Revoked}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "pki.json"), b, 0o600)
}

// Save writes the certificate to base.pem and the key to base.key.
func (e Entity) Save(base string) error {
	if err := os.WriteFile(base+".pem", CertsPEM(e.Cert), 0o600); err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(e.Key)
	if err != nil {
		return err
	}
	return os.WriteFile(base+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// Load reads what Save wrote.
func Load(dir string) (p *PKI, err error) {
	defer fault.Wrap(&err, "load demonstration certificates")
	p = &PKI{}
	for name, e := range p.entities() {
		if *e, err = LoadEntity(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "pki.json"))
	if err != nil {
		return nil, err
	}
	var s saved
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, err
	}
	p.URL, p.Revoked = s.URL, s.Revoked
	if p.Revoked == nil {
		p.Revoked = map[string]time.Time{}
	}
	return p, nil
}

// LoadEntity reads base.pem and base.key.
func LoadEntity(base string) (Entity, error) {
	certs, err := cms.ReadCertsPEM(base + ".pem")
	if err != nil {
		return Entity{}, err
	}
	key, err := cms.ReadKeyPEM(base + ".key")
	return Entity{Cert: certs[0], Key: key}, err
}

// CertsPEM gives certificates in PEM, in order.
func CertsPEM(certs ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certs {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.Bytes()
}
