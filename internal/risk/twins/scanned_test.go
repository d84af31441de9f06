package twins

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// turned is a page laid on the glass a little askew, in degrees, and
// a little smaller.
func turned(src image.Image, degrees, scale float64) image.Image {
	b := src.Bounds()
	out := image.NewGray(b)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	cx, cy := float64(b.Dx())/2, float64(b.Dy())/2
	for y := range b.Dy() {
		for x := range b.Dx() {
			dx, dy := (float64(x)-cx)/scale, (float64(y)-cy)/scale
			sx, sy := int(cos*dx+sin*dy+cx), int(cos*dy-sin*dx+cy)
			c := color.Gray{255}
			if image.Pt(sx, sy).In(b) {
				c = src.(*image.Gray).GrayAt(sx, sy)
			}
			out.SetGray(x, y, c)
		}
	}
	return out
}

// TestAScannedPageIsTheSame: printed, laid askew, scanned with noise. From which
// angle on it is another picture is stated, not hoped.
func TestAScannedPageIsTheSame(t *testing.T) {
	for seed := uint64(1); seed <= 8; seed++ {
		a, ok := PictureOf(page(seed, 0, 0))
		if !ok {
			t.Fatal("a page of text has no picture")
		}
		for name, img := range map[string]image.Image{"noise": page(seed, 0, 0.02), "a tenth of a degree, with noise": turned(page(seed, 0, 0.01), 0.1, 1), "a hundredth smaller": turned(page(seed, 0, 0), 0, 0.998)} {
			if b, _ := PictureOf(img); a.Apart(b) > SamePicture {
				t.Errorf("page %d, %s: %d bits apart", seed, name, a.Apart(b))
			}
		}
	}
}

// known is a register of n texts that are unlike.
func known(n int) []Mark {
	r := rand.New(rand.NewPCG(3, 4))
	out := make([]Mark, n)
	for i := range out {
		m := make(Mark, places)
		for j := range m {
			m[j] = r.Uint64()
		}
		out[i] = m
	}
	return out
}

// BenchmarkFinding compares a text with 100,000 known ones: by their bands, as
// the database's index does, and one by one.
func BenchmarkFinding(b *testing.B) {
	key := []byte("a key")
	list := known(100_000)
	list[77_777] = MarkOf(key, order)
	mine := MarkOf(key, strings.ReplaceAll(order, "Max Mustermann", "Erika Musterfrau"))
	index := map[string][]int{}
	for i, m := range list {
		for _, band := range m.Bands() {
			index[band] = append(index[band], i)
		}
	}
	found := func(b *testing.B, candidates func(func(int))) {
		n := 0
		candidates(func(i int) {
			if mine.Likeness(list[i]) >= SameText {
				n++
			}
		})
		if n == 0 {
			b.Fatal("not found")
		}
	}
	b.Run("bands", func(b *testing.B) {
		for b.Loop() {
			found(b, func(visit func(int)) {
				for _, band := range mine.Bands() {
					for _, i := range index[band] {
						visit(i)
					}
				}
			})
		}
	})
	b.Run("one by one", func(b *testing.B) {
		for b.Loop() {
			found(b, func(visit func(int)) {
				for i := range list {
					visit(i)
				}
			})
		}
	})
}
