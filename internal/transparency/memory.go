package transparency

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"lerd/internal/audit"
)

// Memory keeps what was counted of full segments of the log in a folder, each in
// a file that is named by the root of the segment's subtree. It saves reading the
// segment again; the root is compared with the checkpoint all the same. It is a
// cache of who made it: a stranger has none, and it can be removed at any time.
type Memory struct {
	Dir    string
	Reused int   // segments that did not have to be read
	Failed error // why the last segment could not be kept, where it could not
}

const memoryForm = "lerd/marks/v1\n"

func (m *Memory) path(root audit.Hash) string {
	return filepath.Join(m.Dir, fmt.Sprintf("%x.marks", root[:]))
}

func (m *Memory) recall(_ uint64, root audit.Hash) ([]any, bool) {
	b, err := os.ReadFile(m.path(root))
	if err != nil || len(b) < len(memoryForm)+sha256.Size {
		return nil, false
	}
	body, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if want := sha256.Sum256(body); !bytes.Equal(want[:], sum) || !bytes.HasPrefix(body, []byte(memoryForm)) {
		return nil, false // it is made anew
	}
	kept, err := decodeMarks(body[len(memoryForm):])
	if err != nil {
		return nil, false
	}
	m.Reused++
	return kept, true
}

// remember keeps a segment if all of it is opened. What cannot be kept is read
// again the next time.
func (m *Memory) remember(_ uint64, root audit.Hash, kept []any) error {
	for _, k := range kept {
		if k := k.(*Mark); k.kind.counts() && k.value == "" {
			return nil
		}
	}
	b := encodeMarks([]byte(memoryForm), kept)
	sum := sha256.Sum256(b)
	m.Failed = m.write(m.path(root), append(b, sum[:]...))
	return nil
}

// write keeps a file, whole or not at all.
func (m *Memory) write(path string, b []byte) error {
	if err := os.MkdirAll(m.Dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(m.Dir, ".tmp-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// encodeMarks writes the distinct counts once, and then the marks.
func encodeMarks(b []byte, kept []any) []byte {
	number, list := map[string]uint64{}, []string{}
	for _, k := range kept {
		if v := k.(*Mark).value; v != "" && number[v] == 0 {
			list = append(list, v)
			number[v] = uint64(len(list))
		}
	}
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, v := range list {
		b = append(binary.AppendUvarint(b, uint64(len(v))), v...)
	}
	b = binary.AppendUvarint(b, uint64(len(kept)))
	for _, k := range kept {
		m := k.(*Mark)
		b = append(binary.AppendUvarint(b, m.index), byte(m.kind))
		b = append(b, m.of[:]...)
		b = binary.AppendUvarint(binary.AppendVarint(b, m.at), number[m.value])
	}
	return b
}

var errMemory = errors.New("not what was remembered")

func decodeMarks(b []byte) (kept []any, err error) {
	r := bytes.NewReader(b)
	n, err := binary.ReadUvarint(r)
	if err != nil || n > uint64(len(b)) {
		return nil, errMemory
	}
	values := []string{""}
	for range n {
		size, err := binary.ReadUvarint(r)
		if err != nil || size > uint64(r.Len()) {
			return nil, errMemory
		}
		v := make([]byte, size)
		_, _ = r.Read(v)
		values = append(values, string(v))
	}
	if n, err = binary.ReadUvarint(r); err != nil || n > uint64(len(b)) {
		return nil, errMemory
	}
	marks := make([]Mark, n)
	kept = make([]any, n)
	for i := range marks {
		if err := decodeMark(r, &marks[i], values); err != nil {
			return nil, err
		}
		kept[i] = &marks[i]
	}
	return kept, nil
}

func decodeMark(r *bytes.Reader, m *Mark, values []string) (err error) {
	if m.index, err = binary.ReadUvarint(r); err != nil {
		return errMemory
	}
	k, err := r.ReadByte()
	if err != nil || r.Len() < len(m.of) {
		return errMemory
	}
	m.kind = kind(k)
	_, _ = r.Read(m.of[:])
	if m.at, err = binary.ReadVarint(r); err != nil {
		return errMemory
	}
	v, err := binary.ReadUvarint(r)
	if err != nil || v >= uint64(len(values)) {
		return errMemory
	}
	m.value = values[v]
	return nil
}
