package audit

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Checkpoint says what the log is at one size.
// SPEC: C2SP tlog-checkpoint.
type Checkpoint struct {
	Origin string // the log's name, equal to the name of its key
	Size   uint64 // number of entries
	Root   Hash   // RFC 6962 tree hash
}

// Text is the note text: three lines.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// SignedCheckpoint is a checkpoint whose log signature has been verified.
type SignedCheckpoint struct {
	Checkpoint
	Note       []byte           // the whole note as it was read, cosignatures included
	Extensions []string         // the lines after the root, empty unless they were allowed
	Log        note.Signature   // the log's signature
	Cosigned   []note.Signature // verified cosignatures of known witnesses
	Unknown    []note.Signature // signatures of keys that were not given
}

// Trust is whose signatures count.
type Trust struct {
	Log        []note.Verifier // the log's keys, one or, after a change of keys, more; all of one name
	Witnesses  []note.Verifier // witnesses that may have cosigned
	Quorum     int             // how many different witnesses must have cosigned, 0 for none
	Extensions bool            // lines after the root are allowed; lerd writes none
}

// Sign signs the checkpoint. The first signer is the log's: its name must equal
// the origin.
func (c Checkpoint) Sign(signer note.Signer, more ...note.Signer) ([]byte, error) {
	if signer.Name() != c.Origin {
		return nil, fmt.Errorf("the key's name %q is not the log's origin %q", signer.Name(), c.Origin)
	}
	return note.Sign(&note.Note{Text: c.Text()}, append([]note.Signer{signer}, more...)...)
}

// OpenCheckpoint reads a signed checkpoint and verifies it. It refuses another
// origin than the log key's name, text or base64 that is not in its one
// canonical form, lines after the root unless allowed, and too few
// cosignatures. Signatures of unknown keys are kept and not judged.
func OpenCheckpoint(msg []byte, trust Trust) (SignedCheckpoint, error) {
	if len(trust.Log) == 0 {
		return SignedCheckpoint{}, errors.New("checkpoint: no key of the log was given")
	}
	origin, _, _ := strings.Cut(string(msg[:min(len(msg), MaxNote)]), "\n")
	trust = trust.under(origin)
	n, err := note.Open(msg, note.VerifierList(append(slices.Clone(trust.Log), trust.Witnesses...)...))
	if err != nil {
		return SignedCheckpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	out := SignedCheckpoint{Note: slices.Clone(msg), Unknown: n.UnverifiedSigs}
	if out.Checkpoint, out.Extensions, err = parseText(n.Text); err != nil {
		return SignedCheckpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	if len(out.Extensions) > 0 && !trust.Extensions {
		return SignedCheckpoint{}, errors.New("checkpoint: there are lines after the root")
	}
	if err := canonicalSignatures(msg, n); err != nil {
		return SignedCheckpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	return out, out.judge(n.Sigs, trust)
}

// judge sorts the verified signatures into the log's and the witnesses'.
func (c *SignedCheckpoint) judge(sigs []note.Signature, trust Trust) error {
	for _, s := range sigs {
		switch {
		case !known(s, trust.Log):
			c.Cosigned = append(c.Cosigned, s)
		case s.Name != c.Origin:
			return fmt.Errorf("checkpoint: origin %q is not the log %q", c.Origin, s.Name)
		default:
			c.Log = s
		}
	}
	if c.Log.Name == "" {
		return fmt.Errorf("checkpoint: not signed by the log %q", trust.Log[0].Name())
	}
	names := map[string]bool{}
	for _, s := range c.Cosigned {
		names[s.Name] = true
	}
	if len(names) < trust.Quorum {
		return fmt.Errorf("checkpoint: cosigned by %d of the %d witnesses that are needed", len(names), trust.Quorum)
	}
	return nil
}

func known(s note.Signature, keys []note.Verifier) bool {
	return slices.ContainsFunc(keys, func(v note.Verifier) bool { return v.Name() == s.Name && v.KeyHash() == s.Hash })
}

// parseText reads the three lines and what follows them.
func parseText(text string) (c Checkpoint, extensions []string, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[len(lines)-1] != "" {
		return c, nil, errors.New("the text is not three lines")
	}
	size, err := parseDecimal(lines[1])
	if err != nil {
		return c, nil, fmt.Errorf("size: %w", err)
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return c, nil, fmt.Errorf("root: %w", err)
	}
	if size == 0 && root != EmptyRoot() {
		return c, nil, errors.New("root: not the root of an empty log")
	}
	c = Checkpoint{lines[0], size, root}
	if extensions = lines[3 : len(lines)-1]; slices.Contains(extensions, "") || c.Origin == "" {
		return c, nil, errors.New("a line is empty")
	}
	return c, extensions, nil
}

// canonicalSignatures refuses signature lines that could have been written in
// another way: a flipped unused bit of base64, or a second line of one key,
// would otherwise go unnoticed.
func canonicalSignatures(msg []byte, n *note.Note) error {
	lines := strings.Count(string(msg[len(n.Text)+1:]), "\n")
	if lines != len(n.Sigs)+len(n.UnverifiedSigs) {
		return errors.New("a signature line is repeated")
	}
	for _, s := range slices.Concat(n.Sigs, n.UnverifiedSigs) {
		if raw, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil || binary.BigEndian.Uint32(raw) != s.Hash {
			return fmt.Errorf("the signature of %q is not canonical base64", s.Name)
		}
	}
	return nil
}

// parseDecimal reads an unsigned number without sign or leading zeroes.
func parseDecimal(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != s || n > 1<<63-1 {
		return 0, fmt.Errorf("%.20q is not a decimal number without leading zeroes", s)
	}
	return n, nil
}

// parseHash reads a hash in canonical standard base64.
func parseHash(s string) (h Hash, err error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) != HashSize || len(s) != base64.StdEncoding.EncodedLen(HashSize) {
		return h, fmt.Errorf("%.60q is not %d bytes in canonical base64", s, HashSize)
	}
	return Hash(raw), nil
}

// GenerateKey makes a log's Ed25519 key pair in note format: the private key
// ("PRIVATE+KEY+…", to be kept in a file of mode 0600 or a key service) and the
// verifier key to be handed out. The origin is a URL without scheme.
func GenerateKey(rand io.Reader, origin string) (signer, verifier string, err error) {
	signer, verifier, err = note.GenerateKey(rand, origin)
	if err != nil {
		return "", "", err
	}
	if _, err := note.NewVerifier(verifier); err != nil {
		return "", "", fmt.Errorf("origin %q: it must be a URL without scheme, spaces and plus signs: %w", origin, err)
	}
	return signer, verifier, nil
}

// NewSigner reads a private key as GenerateKey writes it.
func NewSigner(key string) (note.Signer, error) { return note.NewSigner(strings.TrimSpace(key)) }

// NewVerifier reads a verifier key as GenerateKey writes it. OpenCheckpoint takes
// it for the log's later epochs, too; whether one was rightly begun, the log's
// entries tell (VerifyLog).
func NewVerifier(key string) (note.Verifier, error) {
	key = strings.TrimSpace(key)
	v, err := note.NewVerifier(key)
	if err != nil {
		return nil, err
	}
	return epochVerifier{v, strings.SplitN(key, "+", 3)[2]}, nil
}
