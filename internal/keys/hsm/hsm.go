// Package hsm uses a sealing key that lies in a token: a hardware security
// module, or SoftHSM in tests, through PKCS#11.
//
// Invariants:
//   - the private key never leaves the token; it is given digests to sign;
//   - a token out of reach is fault.Unavailable, and is looked for anew at the
//     next signature: nothing has to be started again when it is back.
//
// PKCS#11 modules are C libraries, so that this needs a program built with cgo.
// Built without, Open says so, and everything else of lerd works.
package hsm

import (
	"lerd/internal/fault"
)

// Config names a key in a token.
type Config struct {
	Module string // the vendor's library, an absolute path, e.g. /usr/lib/softhsm/libsofthsm2.so
	Token  string // label of the token
	PIN    string // the user's
	Label  string // of the key pair
}

func (c Config) check() error {
	if c.Module == "" || c.Token == "" || c.Label == "" {
		return fault.New(fault.Invalid, "Name the PKCS#11 module, the token's label and the key's label.")
	}
	return nil
}
