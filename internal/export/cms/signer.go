package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"os"

	"lerd/internal/fault"
)

// Signer is a sealing key: a file, a PKCS#11 token or a key service. It is
// asked to sign 32-octet SHA-256 digests only. Safe for concurrent use.
type Signer interface {
	crypto.Signer
	// Chain gives the certificates from the seal's own to the root, seal first.
	Chain() []*x509.Certificate
	// KeyID gives the stable name of the key, as it stands in export.json.
	KeyID() string
}

type keySigner struct {
	crypto.Signer
	chain []*x509.Certificate
}

func (k keySigner) Chain() []*x509.Certificate { return k.chain }

// KeyID is the first 16 octets of the SHA-256 of the public key's SPKI, in
// hexadecimal: the same for each certificate of the key.
func (k keySigner) KeyID() string {
	sum := sha256.Sum256(k.chain[0].RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:16])
}

// NewSigner joins a key and its chain (seal certificate first). It refuses a
// chain that is empty or whose first certificate is of another key.
func NewSigner(key crypto.Signer, chain []*x509.Certificate) (Signer, error) {
	if len(chain) == 0 {
		return nil, fault.New(fault.Invalid, "Give the seal certificate and its chain with the key.")
	}
	pub, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !pub.Equal(chain[0].PublicKey) {
		return nil, fault.New(fault.Invalid, "The first certificate of the chain must belong to the sealing key.")
	}
	if err := strongKey(chain[0].PublicKey); err != nil {
		return nil, err
	}
	return keySigner{key, chain}, nil
}

// LoadFileSigner reads a PKCS#8 PEM key and a PEM chain. Keys in files are for
// evaluation only: it refuses in production.
func LoadFileSigner(keyFile, chainFile string, production bool) (Signer, error) {
	if production {
		return nil, fault.New(fault.Unavailable,
			"A sealing key in a file is for evaluation only. Set up a PKCS#11 token or a key service.")
	}
	key, err := ReadKeyPEM(keyFile)
	if err != nil {
		return nil, err
	}
	chain, err := ReadCertsPEM(chainFile)
	if err != nil {
		return nil, err
	}
	return NewSigner(key, chain)
}

// ReadKeyPEM reads a PKCS#8 private key from a PEM file.
func ReadKeyPEM(file string) (crypto.Signer, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fault.New(fault.Invalid, "The key file must hold a PEM block.")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "The key file must hold an unencrypted PKCS#8 key.")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fault.New(fault.Invalid, "The key cannot sign.")
	}
	return signer, nil
}

// ReadCertsPEM reads every certificate of a PEM file, in order; at least one.
func ReadCertsPEM(file string) ([]*x509.Certificate, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return ParseCertsPEM(b)
}

// ParseCertsPEM reads every certificate of a PEM text, in order; at least one.
func ParseCertsPEM(b []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fault.Because(fault.Invalid, err, "A certificate of the file cannot be read.")
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return nil, fault.New(fault.Invalid, "The file must hold at least one PEM certificate.")
	}
	return certs, nil
}

// strongKey refuses keys that a court could not rely on for years.
func strongKey(pub any) error {
	switch k := pub.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() || k.Curve == elliptic.P384() || k.Curve == elliptic.P521() {
			return nil
		}
		return fault.New(fault.Invalid, "The key's curve must be P-256, P-384 or P-521.")
	case *rsa.PublicKey:
		if k.N.BitLen() >= 2048 {
			return nil
		}
		return fault.New(fault.Invalid, "An RSA key must have at least 2048 bits; this one has %d.", k.N.BitLen())
	}
	return fault.New(fault.Invalid, "The key must be ECDSA or RSA.")
}
