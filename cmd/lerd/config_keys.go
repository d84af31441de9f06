package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"
)

// sealConfig names the key with which bundles are sealed: in a token, or for an
// evaluation in a file.
type sealConfig struct {
	Key           string       `yaml:"key" env:"LERD_SEAL_KEY"`     // PKCS#8 PEM file
	AcceptFileKey bool         `yaml:"accept_file_key"`             // says that a key in a file is meant
	Chain         string       `yaml:"chain" env:"LERD_SEAL_CHAIN"` // PEM file: seal, issuing, root
	CRLs          []string     `yaml:"crls"`                        // DER files, kept fresh by the operator
	PKCS11        pkcs11Config `yaml:"pkcs11"`
	OCSP          ocspConfig   `yaml:"ocsp"`
}

// ocspConfig says how to ask about certificates that no list covers.
type ocspConfig struct {
	Use       bool   `yaml:"use"`
	URL       string `yaml:"url" env:"LERD_OCSP_URL"` // in place of the addresses in the certificates
	Proxy     string `yaml:"proxy" env:"LERD_OCSP_PROXY"`
	NeedNonce bool   `yaml:"need_nonce"`
}

// pkcs11Config names a key pair in a token.
type pkcs11Config struct {
	Module string `yaml:"module"`                  // the vendor's library
	Token  string `yaml:"token"`                   // its label
	Label  string `yaml:"label"`                   // of the key pair
	PIN    string `yaml:"pin" env:"LERD_SEAL_PIN"` // better by LERD_SEAL_PIN_FILE
}

// tsaConfig names the time-stamping authority, and a second one to ask when the
// first is out of reach.
type tsaConfig struct {
	URL      string          `yaml:"url" env:"LERD_TSA_URL"`
	Chain    string          `yaml:"chain" env:"LERD_TSA_CHAIN"`
	Policies []string        `yaml:"policies"`
	Fallback authorityConfig `yaml:"fallback"` // from the file alone
}

type authorityConfig struct {
	URL      string   `yaml:"url"`
	Chain    string   `yaml:"chain"`    // PEM file: authority up to its root
	Policies []string `yaml:"policies"` // OIDs agreed with it; none: any
}

// authorities gives those that are set up, in the order in which they are asked.
func (c tsaConfig) authorities() []authorityConfig {
	first := authorityConfig{c.URL, c.Chain, c.Policies}
	if c.Fallback.URL == "" && c.Fallback.Chain == "" {
		return []authorityConfig{first}
	}
	return []authorityConfig{first, c.Fallback}
}

// checkKeys asks for a key in a token, certificates, lists and an authority of
// time, and for files that can be read.
func (c *config) checkKeys(fail func(field, format string, args ...any)) {
	c.checkSeal(fail)
	files := []setting{{"seal.key", c.Seal.Key}, {"seal.chain", c.Seal.Chain}, {"seal.pkcs11.module", c.Seal.PKCS11.Module}}
	must := []setting{{"seal.chain", c.Seal.Chain}}
	for i, a := range c.TSA.authorities() {
		field := []string{"tsa", "tsa.fallback"}[i]
		must = append(must, setting{field + ".url", a.URL}, setting{field + ".chain", a.Chain})
		files = append(files, setting{field + ".chain", a.Chain})
	}
	for _, path := range c.Seal.CRLs {
		files = append(files, setting{"seal.crls", path})
	}
	for _, s := range must {
		if strings.TrimSpace(s.value) == "" {
			fail(s.field, "must be set")
		}
	}
	for _, s := range files {
		if s.value == "" {
			continue
		}
		if _, err := os.Stat(s.value); err != nil {
			fail(s.field, "%s cannot be read", s.value)
		}
	}
}

func (c *config) checkSeal(fail func(field, format string, args ...any)) {
	token := c.Seal.PKCS11
	switch {
	case token.Module != "" && c.Seal.Key != "":
		fail("seal.key", "name a key in a token (seal.pkcs11) or in a file, not both")
	case token.Module != "":
		for _, s := range []setting{{"token", token.Token}, {"label", token.Label}, {"pin", token.PIN}} {
			if s.value == "" {
				fail("seal.pkcs11."+s.field, "must be set%s", map[string]string{"pin": "; LERD_SEAL_PIN_FILE names a file that holds it"}[s.field])
			}
		}
	case c.Seal.Key == "":
		fail("seal.key", "must be set, or better seal.pkcs11 with the key in a token")
	case !c.Seal.AcceptFileKey:
		fail("seal.key", "a key in a file is for evaluation: whoever copies the file can seal. Use seal.pkcs11, or say accept_file_key: true")
	}
	if len(c.Seal.CRLs) == 0 && !c.Seal.OCSP.Use {
		fail("seal.crls", "name the revocation lists of every authority in all chains, or say seal.ocsp.use: true; nothing is sealed without fresh ones")
	}
	c.Seal.OCSP.check(fail)
}

func (c ocspConfig) check(fail func(field, format string, args ...any)) {
	if !c.Use && c != (ocspConfig{}) {
		fail("seal.ocsp.use", "say true, or leave out what follows")
	}
	for _, s := range []setting{{"seal.ocsp.url", c.URL}, {"seal.ocsp.proxy", c.Proxy}} {
		if u, err := url.Parse(s.value); s.value != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
			fail(s.field, "must be an http or https URL")
		}
	}
}

// String names the token without its PIN, for the log.
func (c pkcs11Config) String() string { return fmt.Sprintf("%s/%s by %s", c.Token, c.Label, c.Module) }
