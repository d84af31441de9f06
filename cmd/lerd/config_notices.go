package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"os"

	"lerd/internal/fault"
)

// userNoticesConfig is where the platform takes notices to its users, and the keys
// with which both sides sign. Without an address notices wait.
type userNoticesConfig struct {
	URL           string `yaml:"url"`             // https, or http on a loopback address
	KeyID         string `yaml:"key_id"`          // by which the platform knows lerd's public key
	Key           string `yaml:"key"`             // PKCS#8 PEM file of lerd's Ed25519 key
	PlatformKeyID string `yaml:"platform_key_id"` // by which the platform names its own
	PlatformKey   string `yaml:"platform_key"`    // PEM file of the platform's Ed25519 public key
}

func (n userNoticesConfig) check(fail func(field, format string, args ...any)) {
	if n == (userNoticesConfig{}) {
		return
	}
	u, err := url.Parse(n.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		fail("user_notices.url", "give https://host/path of the platform; plain http is for loopback alone")
	}
	for _, s := range []setting{{"user_notices.key_id", n.KeyID}, {"user_notices.platform_key_id", n.PlatformKeyID}} {
		if !keyIDShape.MatchString(s.value) {
			fail(s.field, "give a name of letters, digits and -._")
		}
	}
	if _, err := readEd25519(n.Key); err != nil {
		fail("user_notices.key", "%s", fault.Message(err))
	}
	if _, err := readEd25519Public(n.PlatformKey); err != nil {
		fail("user_notices.platform_key", "%s", fault.Message(err))
	}
}

// machineConfig is a program of the platform that calls lerd.
type machineConfig struct {
	ID        string `yaml:"id"`         // by which it names its key
	PublicKey string `yaml:"public_key"` // PEM file of its Ed25519 public key
}

func checkMachines(list []machineConfig, fail func(field, format string, args ...any)) {
	seen := map[string]bool{}
	for _, m := range list {
		if !keyIDShape.MatchString(m.ID) || seen[m.ID] {
			fail("machines", "give each a name of its own, of letters, digits and -._")
		}
		seen[m.ID] = true
		if _, err := readEd25519Public(m.PublicKey); err != nil {
			fail("machines.public_key", "%s: %s", m.ID, fault.Message(err))
		}
	}
}

// readEd25519 reads a private key of a PKCS#8 PEM file that others cannot read.
func readEd25519(path string) (ed25519.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault.New(fault.Invalid, "name a PEM file with an Ed25519 key: openssl genpkey -algorithm ed25519 -out FILE")
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Invalid, "the file may be read by others; run: chmod 600 %s", path)
	}
	der, err := pemOf(path)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if k, ok := key.(ed25519.PrivateKey); err == nil && ok {
		return k, nil
	}
	return nil, fault.New(fault.Invalid, "the file has no Ed25519 key; make one: openssl genpkey -algorithm ed25519 -out FILE")
}

// readEd25519Public reads a public key of a PEM file.
func readEd25519Public(path string) (ed25519.PublicKey, error) {
	der, err := pemOf(path)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if k, ok := key.(ed25519.PublicKey); err == nil && ok {
		return k, nil
	}
	return nil, fault.New(fault.Invalid, "the file has no Ed25519 public key: openssl pkey -in KEY -pubout -out FILE")
}

func pemOf(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.Invalid, "name a PEM file that is there")
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fault.New(fault.Invalid, "the file is not PEM")
	}
	return block.Bytes, nil
}
