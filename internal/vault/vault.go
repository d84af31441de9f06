// Package vault seals texts and files at rest, each owner (a draft) under a key
// of its own, which is wrapped by a key that lies outside the database.
//
// Invariants:
//   - a dump of the database shows nothing: what it holds is sealed by keys of
//     which it holds only wrapped forms;
//   - what is sealed for one place opens nowhere else: the place's name is
//     authenticated with it;
//   - who forgets a wrapped key has erased all that was sealed under it.
//
// AES-256-GCM with random nonces of 96 bits (SPEC: NIST SP 800-38D §8.2.2) for what
// is held in memory; what is longer is a file of age whose key is sealed so.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"lerd/internal/fault"
)

// KeySize is the size of every key in bytes.
const KeySize = 32

// Vault wraps data keys under one master key.
type Vault struct {
	master cipher.AEAD
	rand   io.Reader
}

// New makes a vault over a master key of KeySize bytes; rand makes data keys and
// nonces.
func New(master []byte, rand io.Reader) (*Vault, error) {
	aead, err := gcm(master)
	if err != nil {
		return nil, err
	}
	return &Vault{aead, rand}, nil
}

// Open reads the master key of a file, or makes both at the first start.
func Open(path string, rand io.Reader) (v *Vault, err error) {
	defer fault.Wrap(&err, "vault.Open(%s)", path)
	master, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		master, err = create(path, rand)
	}
	if err != nil {
		return nil, err
	}
	return New(master, rand)
}

// create writes a fresh key so that of two processes at once both take one of
// them: a link fails where the name is there.
func create(path string, rand io.Reader) ([]byte, error) {
	master := make([]byte, KeySize)
	if _, err := io.ReadFull(rand, master); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(master); err != nil {
		tmp.Close()
		return nil, err
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

// Key seals what belongs to one owner.
type Key struct {
	aead cipher.AEAD
	rand io.Reader
}

// NewKey makes a key for an owner, and its wrapped form to be stored.
func (v *Vault) NewKey(owner string) (Key, []byte, error) {
	raw := make([]byte, KeySize)
	if _, err := io.ReadFull(v.rand, raw); err != nil {
		return Key{}, nil, err
	}
	wrapped, err := seal(v.master, v.rand, "key of "+owner, raw)
	if err != nil {
		return Key{}, nil, err
	}
	aead, err := gcm(raw)
	return Key{aead, v.rand}, wrapped, err
}

// Unwrap gives the key of an owner from its wrapped form.
func (v *Vault) Unwrap(owner string, wrapped []byte) (k Key, err error) {
	defer fault.Wrap(&err, "vault.Unwrap")
	raw, err := open(v.master, "key of "+owner, wrapped)
	if err != nil {
		return Key{}, err
	}
	aead, err := gcm(raw)
	return Key{aead, v.rand}, err
}

// Seal seals data for a place, e.g. "text of <id>".
func (k Key) Seal(place string, data []byte) ([]byte, error) {
	return seal(k.aead, k.rand, place, data)
}

// Open gives what was sealed for the place.
func (k Key) Open(place string, sealed []byte) (data []byte, err error) {
	defer fault.Wrap(&err, "vault.Open")
	return open(k.aead, place, sealed)
}

func gcm(key []byte) (cipher.AEAD, error) {
	if len(key) != KeySize {
		return nil, fault.New(fault.Internal, "A key of the vault has %d bytes; %d are needed. Put the right file in its place.", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func seal(aead cipher.AEAD, rand io.Reader, place string, data []byte) ([]byte, error) {
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return nil, err
	}
	return aead.Seal(nonce, nonce, data, []byte(place)), nil
}

func open(aead cipher.AEAD, place string, sealed []byte) ([]byte, error) {
	n := aead.NonceSize()
	if len(sealed) < n {
		return nil, ErrNotOurs
	}
	data, err := aead.Open(nil, sealed[:n], sealed[n:], []byte(place))
	if err != nil {
		return nil, ErrNotOurs
	}
	return data, nil
}

// ErrNotOurs is why something does not open. It does not tell a wrong key from a
// changed text.
var ErrNotOurs = fault.New(fault.Internal, "What is stored here cannot be opened with the vault's key. Nothing was changed; please tell us.")
