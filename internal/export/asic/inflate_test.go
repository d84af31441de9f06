package asic

import (
	"bytes"
	stdflate "compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
)

// unpackAll gives what an inflater of its own makes of a stream, and whether it
// left octets: none, or some.
func unpackAll(packed []byte, step int) (out []byte, left int, err error) {
	z := newInflater()
	z.reset(iotest.OneByteReader(bytes.NewReader(packed)))
	if step > 1000 {
		z.reset(bytes.NewReader(packed))
	}
	for buf := make([]byte, step); ; {
		n, err := z.Read(buf)
		out = append(out, buf[:n]...)
		if err == io.EOF {
			left, err = z.rest()
			return out, left, err
		}
		if len(out) > mostUnpacked {
			return out, 0, errTooMuch
		}
		if err != nil {
			return out, 0, err
		}
	}
}

func deflated(t testing.TB, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	d := NewDeflater(&out, "x")
	if _, err := d.Write(content); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// samples are contents of every sort of block: stored, of one symbol, of long
// codes, over several chunks, none.
func samples() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise, skewed, rows := make([]byte, 2*chunkSize+77), make([]byte, 300_000), []byte{}
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for i := range skewed {
		skewed[i] = byte(r.ExpFloat64() * 9)
	}
	for i := range 40_000 {
		rows = fmt.Appendf(rows, "I-%d,REQ-2026-7,S-1,a-77,login,2026-01-02T03:04:%02d.%03dZ,203.0.113.%d\r\n", i, i%60, r.IntN(1000), r.IntN(256))
	}
	return map[string][]byte{"none": nil, "one": {7}, "noise": noise, "skewed": skewed, "rows": rows, "whole chunks": rows[:2*chunkSize],
		"run": bytes.Repeat([]byte{0}, chunkSize+5)}
}

func TestInflaterGivesWhatWasDeflated(t *testing.T) {
	for name, content := range samples() {
		packed := deflated(t, content)
		for _, step := range []int{1, 7, 4096, 256 << 10} {
			if step < 4096 && len(content) > chunkSize {
				continue
			}
			got, left, err := unpackAll(packed, step)
			if err != nil || left != 0 || !bytes.Equal(got, content) {
				t.Errorf("%s by %d: %d octets, %d left, %v", name, step, len(got), left, err)
			}
		}
		if _, left, err := unpackAll(append(packed, 0), 4096); err != nil || left != 1 {
			t.Errorf("%s with an octet behind: %d left, %v", name, left, err)
		}
		for cut := 1; cut < min(len(packed), 40); cut++ {
			if _, _, err := unpackAll(packed[:len(packed)-cut], 4096); err == nil {
				t.Errorf("%s without its last %d octets is taken for whole", name, cut)
			}
		}
	}
}

// TestInflaterIsStrict sees that no single bit of a stream can be changed
// without either another content or a refusal: what the seal inside would not see.
func TestInflaterIsStrict(t *testing.T) {
	content := bytes.Repeat([]byte("2026-01-02T03:04:05Z,203.0.113.7,login\r\n"), 40)
	content = append(content, samples()["noise"][:300]...)
	packed := deflated(t, content)
	for bit := range len(packed) * 8 {
		changed := bytes.Clone(packed)
		changed[bit/8] ^= 1 << (bit % 8)
		got, left, err := unpackAll(changed, 4096)
		if err == nil && left == 0 && bytes.Equal(got, content) {
			t.Errorf("bit %d of %d can be changed unseen", bit, len(packed)*8)
		}
	}
}

func TestInflaterRefusesWhatSaysNothing(t *testing.T) {
	flush, end := []byte{0, 0, 0, 0xff, 0xff}, []byte{3, 0}
	stored := []byte{0, 2, 0, 0xfd, 0xff, 'h', 'i'}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, c := range map[string]struct {
		packed []byte
		want   error
	}{
		"as it must be":                      {join(stored, flush, end), nil},
		"without a flush":                    {join(stored, end), nil},
		"an empty block first":               {join(flush, stored, end), errEmpty},
		"two empty blocks":                   {join(stored, flush, flush, end), errEmpty},
		"an empty block within a chunk":      {join(stored, flush, stored, end), errEmpty},
		"an empty block of fixed codes":      {join(stored, []byte{2, 0}, end), errEmpty},
		"padding in front of a stored block": {join(stored, []byte{0x10, 0, 0, 0xff, 0xff}, end), errPadding},
		"padding at the end":                 {join(stored, []byte{3, 0x80}), errPadding},
		"an end with content":                {[]byte{1, 2, 0, 0xfd, 0xff, 'h', 'i'}, errEmpty},
		"a stored end":                       {join(stored, []byte{1, 0, 0, 0xff, 0xff}), errEmpty},
		"an unknown kind of block":           {[]byte{7}, errPacked},
		"a length that contradicts itself":   {[]byte{0, 2, 0, 0xfd, 0xfe, 'h', 'i', 3, 0}, errPacked},
		"a copy from before the beginning":   {[]byte{0x4b, 0x04, 0x62, 0x00}, errPacked},
		"nothing":                            {nil, errPacked},
	} {
		if _, _, err := unpackAll(c.packed, 4096); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// mostUnpacked, in octets, ends the unpacking of a stream that the fuzzer made large.
const mostUnpacked = 8 << 20

var errTooMuch = errors.New("more than the fuzzer waits for")

// oneChunk packs as Deflater packs a chunk, but in this goroutine: where others take
// part, what was reached differs from run to run, and the fuzzer spends its time on
// making inputs small that it cannot reproduce.
func oneChunk(content []byte) []byte {
	j := &job{buf: content}
	j.compressed.Add(1)
	j.compress()
	return append(j.out.Bytes(), 3, 0)
}

// FuzzInflate holds the inflater against the standard library's: whatever it
// takes, both unpack to the same; and it takes what a chunk is packed to.
func FuzzInflate(f *testing.F) {
	for _, content := range samples() {
		f.Add(deflated(f, content[:min(len(content), 5000)]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, left, err := unpackAll(data, 1+len(data)%5000)
		if err == nil {
			in := bytes.NewReader(data)
			want, werr := io.ReadAll(stdflate.NewReader(in))
			if werr != nil || !bytes.Equal(got, want) || in.Len() > 0 != (left > 0) {
				t.Fatalf("unpacked to %d octets, the standard library to %d (%v); %d and %d left", len(got), len(want), werr, left, in.Len())
			}
		}
		if len(data) == 0 || len(data) > chunkSize {
			return
		}
		if back, _, err := unpackAll(oneChunk(data), 4096); err != nil || !bytes.Equal(back, data) {
			t.Fatalf("what was deflated does not come back: %v", err)
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	content := bytes.Repeat(samples()["rows"], 8)
	packed := deflated(b, content)
	buf := make([]byte, 256<<10)
	z := newInflater()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		z.reset(bytes.NewReader(packed))
		for {
			if _, err := z.Read(buf); err != nil {
				break
			}
		}
	}
}
