package vault

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"filippo.io/age"
)

// SealTo seals for a place what is written to it, in constant memory; dst holds
// all of it when it is closed, and nothing that opens before.
//
// What it makes is a file of age, under a key of its own that only this key opens.
// SPEC: age-encryption.org/v1: the payload is STREAM, segments of 64 KiB, each
// bound to the file's key and nonce, to its number, and to being the last or not.
func (k Key) SealTo(place string, dst io.Writer) (io.WriteCloser, error) {
	return age.Encrypt(dst, fileKeys{k, place})
}

// OpenFrom gives what SealTo or Seal sealed for the place. No octet comes of a
// segment that was changed, moved, doubled or taken from another file, nor of those
// behind it: the reading ends with ErrNotOurs. So it does where the file ends early
// or goes on behind its end: what was read is whole once the reading ends with
// io.EOF, and not before. A failure to read sealed is given as it is.
//
// What Seal sealed is held in memory whole.
func (k Key) OpenFrom(place string, sealed io.Reader) (io.Reader, error) {
	in := &source{r: sealed}
	buffered := bufio.NewReader(in)
	start, err := buffered.Peek(len(ageIntro))
	if err == nil && string(start) == ageIntro {
		plain, err := age.Decrypt(buffered, fileKeys{k, place})
		if err != nil {
			return nil, in.orNotOurs()
		}
		return opened{plain, in}, nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	box, err := io.ReadAll(buffered)
	if err != nil {
		return nil, err
	}
	plain, err := k.Open(place, box)
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(plain), nil
}

// ageIntro begins every file of age. What Seal makes begins with 12 random octets.
const ageIntro = "age-encryption.org/v1\n"

// fileKeys wraps the keys of files: the recipient, and the identity, of a place.
type fileKeys struct {
	key   Key
	place string
}

const stanza = "lerd-vault"

// Wrap seals the key of a file.
func (f fileKeys) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	box, err := f.key.Seal("file key of "+f.place, fileKey)
	return []*age.Stanza{{Type: stanza, Body: box}}, err
}

// Unwrap opens the key of a file.
func (f fileKeys) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 || stanzas[0].Type != stanza {
		return nil, ErrNotOurs
	}
	return f.key.Open("file key of "+f.place, stanzas[0].Body)
}

// source remembers how reading failed, so that a store that is away is not taken
// for a file that was changed.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func (s *source) orNotOurs() error {
	if s.err != nil {
		return s.err
	}
	return ErrNotOurs
}

type opened struct {
	plain io.Reader
	from  *source
}

func (o opened) Read(p []byte) (int, error) {
	n, err := o.plain.Read(p)
	if err != nil && err != io.EOF {
		err = o.from.orNotOurs()
	}
	return n, err
}
