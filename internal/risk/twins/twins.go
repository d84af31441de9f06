// Package twins tells whether two order documents are made of one: the same
// text with other names and numbers, or the same picture of a page. What it
// keeps of a text is blind: keyed hashes from which no word can be read or
// guessed without the key.
//
// Invariants:
//   - marks of two texts can be compared only where they were made with one key;
//   - a text too short to tell has no mark, and is nobody's twin.
package twins

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"image"
	"math"
	"math/bits"
	"strings"
	"unicode"
)

// Sizes of a mark.
const (
	places   = 64 // hashes of a text's mark
	rows     = 4  // hashes of one band
	shingle  = 3  // words of one piece
	MinWords = 40 // of a text that has a mark
)

// Mark is what is kept of a text: the least keyed hash of its pieces, for each
// of several permutations (MinHash). The share of equal places estimates the
// share of equal pieces.
type Mark []uint64

// MarkOf makes the mark of a text, nil where it is too short. Numbers count as
// one word, so that another number makes no other text.
func MarkOf(key []byte, text string) Mark {
	words := wordsOf(text)
	if len(words) < MinWords {
		return nil
	}
	m := make(Mark, places)
	for i := range m {
		m[i] = math.MaxUint64
	}
	mac := hmac.New(sha256.New, key)
	for i := 0; i+shingle <= len(words); i++ {
		mac.Reset()
		mac.Write([]byte(strings.Join(words[i:i+shingle], " ")))
		m.take(mac.Sum(nil))
	}
	return m
}

// take moves each place down where the piece's hash under that permutation is
// less. The permutations are made of two halves of the keyed hash.
func (m Mark) take(sum []byte) {
	a, b := binary.BigEndian.Uint64(sum), binary.BigEndian.Uint64(sum[8:])|1
	for i := range m {
		h := a + uint64(i)*b
		h ^= h >> 33
		h *= 0xff51afd7ed558ccd
		h ^= h >> 33
		m[i] = min(m[i], h)
	}
}

// wordsOf gives the words in lower case, with "#" for what holds a digit.
func wordsOf(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) })
	for i, w := range words {
		if strings.ContainsFunc(w, unicode.IsDigit) {
			words[i] = "#"
		}
	}
	return words
}

// Likeness estimates the share of pieces that two texts have in common, 0 to 1.
func (m Mark) Likeness(o Mark) float64 {
	if len(m) != places || len(o) != places {
		return 0
	}
	same := 0
	for i := range m {
		if m[i] == o[i] {
			same++
		}
	}
	return float64(same) / places
}

// SameText is the likeness from which two texts are one with other names.
const SameText = 0.7

// Bands gives the names under which the mark is looked up: texts that are alike
// share at least one, almost surely.
func (m Mark) Bands() []string {
	var out []string
	for i := 0; i+rows <= len(m); i += rows {
		var b [8 * rows]byte
		for j, h := range m[i : i+rows] {
			binary.BigEndian.PutUint64(b[8*j:], h)
		}
		sum := sha256.Sum256(append([]byte{byte(i)}, b[:]...))
		out = append(out, hex.EncodeToString(sum[:8]))
	}
	return out
}

// String gives the mark in hexadecimal digits, to be kept.
func (m Mark) String() string {
	b := make([]byte, 8*len(m))
	for i, h := range m {
		binary.BigEndian.PutUint64(b[8*i:], h)
	}
	return hex.EncodeToString(b)
}

// ReadMark undoes String; nil for what is none.
func ReadMark(text string) Mark {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != 8*places {
		return nil
	}
	m := make(Mark, places)
	for i := range m {
		m[i] = binary.BigEndian.Uint64(b[8*i:])
	}
	return m
}

// Picture is a page's picture reduced to 256 bits: whether each of 16 × 16
// fields is darker than its neighbour (difference hash).
type Picture [4]uint64

// PictureOf reduces a page. ok is false of a page that is nearly empty, which is
// like every other empty page.
func PictureOf(img image.Image) (p Picture, ok bool) {
	const side = 16
	var grid [side][side + 1]float64
	b := img.Bounds()
	if b.Dx() < side+1 || b.Dy() < side {
		return p, false
	}
	for y := range side {
		for x := range side + 1 {
			grid[y][x] = mean(img, image.Rect(b.Min.X+x*b.Dx()/(side+1), b.Min.Y+y*b.Dy()/side, b.Min.X+(x+1)*b.Dx()/(side+1), b.Min.Y+(y+1)*b.Dy()/side))
		}
	}
	set := 0
	for y := range side {
		for x := range side {
			if grid[y][x]-grid[y][x+1] > 1.5 { // of 255: paper is not all of one grey
				n := y*side + x
				p[n/64] |= 1 << (n % 64)
				set++
			}
		}
	}
	return p, set >= 16
}

// mean gives the mean brightness of a field, 0 to 255.
func mean(img image.Image, r image.Rectangle) float64 {
	sum, n := 0.0, 0
	stepX, stepY := max(1, r.Dx()/24), max(1, r.Dy()/24)
	for y := r.Min.Y; y < r.Max.Y; y += stepY {
		for x := r.Min.X; x < r.Max.X; x += stepX {
			red, green, blue, _ := img.At(x, y).RGBA()
			sum += (0.299*float64(red) + 0.587*float64(green) + 0.114*float64(blue)) / 257
			n++
		}
	}
	return sum / float64(max(1, n))
}

// Apart gives by how many of 256 bits two pictures differ.
func (p Picture) Apart(o Picture) int {
	n := 0
	for i := range p {
		n += bits.OnesCount64(p[i] ^ o[i])
	}
	return n
}

// SamePicture is the distance up to which two pages are one picture.
const SamePicture = 24

// String gives the picture in hexadecimal digits, to be kept.
func (p Picture) String() string {
	var b [32]byte
	for i, w := range p {
		binary.BigEndian.PutUint64(b[8*i:], w)
	}
	return hex.EncodeToString(b[:])
}

// ReadPicture undoes String.
func ReadPicture(text string) (p Picture, ok bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != 32 {
		return p, false
	}
	for i := range p {
		p[i] = binary.BigEndian.Uint64(b[8*i:])
	}
	return p, true
}
