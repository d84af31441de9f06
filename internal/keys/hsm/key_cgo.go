//go:build cgo

package hsm

import (
	"crypto"
	"io"
	"sync"
	"time"

	"github.com/ThalesGroup/crypto11"

	"lerd/internal/fault"
)

// Key is a key pair in a token, as a crypto.Signer. Safe for concurrent use;
// signatures are made one after the other.
type Key struct {
	config Config
	public crypto.PublicKey

	mu    sync.Mutex
	token *crypto11.Context // nil while out of reach
	pair  crypto11.Signer
}

// Open finds the key. The token must be there.
func Open(c Config) (*Key, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	k := &Key{config: c}
	if err := k.connect(); err != nil {
		return nil, err
	}
	k.public = k.pair.Public()
	return k, nil
}

// connect opens the token; the mutex is held, or nobody else has k yet.
func (k *Key) connect() error {
	token, err := crypto11.Configure(&crypto11.Config{Path: k.config.Module, TokenLabel: k.config.Token, Pin: k.config.PIN, PoolWaitTimeout: 10 * time.Second})
	if err != nil {
		return fault.Because(fault.Unavailable, err, "The token with the sealing key is out of reach.")
	}
	pair, err := token.FindKeyPair(nil, []byte(k.config.Label))
	if err != nil || pair == nil {
		token.Close() //nolint:errcheck // of no use
		return fault.Because(fault.Unavailable, err, "The token %s holds no key pair with the label %s.", k.config.Token, k.config.Label)
	}
	k.token, k.pair = token, pair
	return nil
}

// Public gives the public key.
func (k *Key) Public() crypto.PublicKey { return k.public }

// Sign lets the token sign a digest.
func (k *Key) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.token == nil {
		if err := k.connect(); err != nil {
			return nil, err
		}
	}
	signature, err := k.pair.Sign(rand, digest, opts)
	if err != nil {
		k.token.Close() //nolint:errcheck // it is opened anew next time
		k.token, k.pair = nil, nil
		return nil, fault.Because(fault.Unavailable, err, "The token with the sealing key did not sign.")
	}
	return signature, nil
}

// Close lets the token go.
func (k *Key) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.token == nil {
		return nil
	}
	token := k.token
	k.token, k.pair = nil, nil
	return token.Close()
}
