package usernotice

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/google/uuid"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Links makes and reads the addresses of notices' own pages. An address holds the
// notice's id and 128 bits that only who has the key can make: it cannot be
// guessed, a copy of the database does not give it away, and whether a notice
// exists is not even looked up for a guess.
type Links struct {
	Key    []byte // of this installation, 32 bytes
	Origin string // of the portal, without a slash at its end
}

// macSize is how many bytes of the MAC an address has.
const macSize = 16

// Of gives the address of a notice's page.
func (l Links) Of(id ID) string { return l.Origin + "/notice/" + l.token(id) }

func (l Links) token(id ID) string {
	raw := uuid.MustParse(string(id))
	return base64.RawURLEncoding.EncodeToString(append(raw[:], l.mac(raw)...))
}

func (l Links) mac(id uuid.UUID) []byte {
	m := hmac.New(sha256.New, l.Key)
	m.Write([]byte("lerd user notice v1\x00"))
	m.Write(id[:])
	return m.Sum(nil)[:macSize]
}

// read gives the id in an address's last part, ok false where it is not ours.
func (l Links) read(token string) (ID, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != 16+macSize {
		return "", false
	}
	id := uuid.UUID(raw[:16])
	return ID(id.String()), hmac.Equal(raw[16:], l.mac(id))
}

// Open gives a notice to whoever holds its address, while it may be known: it was
// sent, and no gag of its case runs. Everything else is the same NotFound.
func (s *Service) Open(ctx context.Context, token string) (n Notice, err error) {
	defer fault.Wrap(&err, "usernotice.Open")
	id, ok := s.Links.read(token)
	if !ok {
		return n, errNothing
	}
	n, gagged, err := s.Notices.Notice(identity.With(ctx, identity.SystemActor()), id)
	if fault.KindOf(err) == fault.NotFound || err == nil && (gagged || n.State != Sent && n.State != Delivered) {
		return Notice{}, errNothing
	}
	return n, err
}

var errNothing = fault.New(fault.NotFound, "There is nothing here.")
