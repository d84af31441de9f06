package twins

import (
	"image"
	"image/color"
	"math/rand/v2"
	"strings"
	"testing"
)

const order = `Amtsgericht Musterstadt. Beschluss in dem Ermittlungsverfahren gegen Max Mustermann wegen Betruges. Auf Antrag der Staatsanwaltschaft
	wird gemäß § 100j StPO angeordnet, dass der Diensteanbieter Auskunft über die Bestandsdaten des Nutzers mit der Rufnummer +49 170 1234567 zu erteilen hat,
	und zwar für den Zeitraum vom 1. Juli 2026 bis zum 30. September 2026. Gründe: Der Beschuldigte ist verdächtig, im Internet Eintrittskarten
	angeboten zu haben, die es nicht gab. Die Auskunft ist zur Erforschung des Sachverhalts erforderlich und verhältnismäßig. Dr. Beispiel, Richterin am Amtsgericht.`

const other = `Order of the District Court. The provider shall produce the subscriber records for the account named below because there is probable cause
	to believe that its holder has broken into computer systems of a hospital and asked for money. The records are needed to identify the person. The clerk shall send
	a copy of this order to the provider, who has fourteen days to answer it. Given under my hand and the seal of this court on the day named above.`

func TestTheSameTextWithOtherNames(t *testing.T) {
	key := []byte("a key of this installation")
	m := MarkOf(key, order)
	stolen := strings.NewReplacer("Max Mustermann", "Erika Musterfrau", "+49 170 1234567", "+49 151 7654321", "Juli", "August", "30. September", "31. Oktober").Replace(order)
	if got := m.Likeness(MarkOf(key, stolen)); got < SameText {
		t.Errorf("the same order with other names is only %.2f alike", got)
	}
	if got := m.Likeness(MarkOf(key, other)); got > 0.1 {
		t.Errorf("another court's order is %.2f alike", got)
	}
	if got := m.Likeness(MarkOf([]byte("another key"), order)); got > 0.1 {
		t.Errorf("the same text under another key is %.2f alike: the marks are not blind", got)
	}
	shared := 0
	for i, b := range m.Bands() {
		if b == MarkOf(key, stolen).Bands()[i] {
			shared++
		}
		if b == MarkOf(key, other).Bands()[i] {
			t.Error("another court's order is found under the same name")
		}
	}
	if shared == 0 {
		t.Error("the stolen order is not found by its bands")
	}
	if MarkOf(key, "Please send everything.") != nil {
		t.Error("a few words have a mark")
	}
	if got := ReadMark(m.String()); got.Likeness(m) != 1 {
		t.Error("the mark is read otherwise than it was written")
	}
	if ReadMark("zz") != nil || ReadMark("").Likeness(nil) != 0 {
		t.Error("what is no mark is one")
	}
}

// page draws lines of words; seed makes another text, shift moves the paper.
func page(seed uint64, shift int, noise float64) image.Image {
	r := rand.New(rand.NewPCG(seed, 1))
	img := image.NewGray(image.Rect(0, 0, 1130, 1600))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for y := 120; y < 1500; y += 40 {
		for x := 130; x < 1000; {
			w := 20 + r.IntN(90)
			if r.IntN(7) > 0 {
				for dy := range 14 {
					for dx := range w {
						img.SetGray(x+dx+shift, y+dy, color.Gray{40})
					}
				}
			}
			x += w + 14
			if r.IntN(25) == 0 {
				break
			}
		}
	}
	n := rand.New(rand.NewPCG(7, 7))
	for range int(noise * 1130 * 1600) {
		img.SetGray(n.IntN(1130), n.IntN(1600), color.Gray{uint8(n.IntN(256))})
	}
	return img
}

func TestTheSamePicture(t *testing.T) {
	a, ok := PictureOf(page(1, 0, 0))
	if !ok {
		t.Fatal("a page of text has no picture")
	}
	for name, img := range map[string]image.Image{"scanned": page(1, 0, 0.01), "a little aside": page(1, 2, 0)} {
		if b, _ := PictureOf(img); a.Apart(b) > SamePicture {
			t.Errorf("%s: %d bits apart", name, a.Apart(b))
		}
	}
	for seed := uint64(2); seed < 12; seed++ {
		if b, _ := PictureOf(page(seed, 0, 0)); a.Apart(b) <= 2*SamePicture {
			t.Errorf("another page is only %d bits apart", a.Apart(b))
		}
	}
	if _, ok := PictureOf(image.NewGray(image.Rect(0, 0, 1130, 1600))); ok {
		t.Error("an empty page has a picture")
	}
	if _, ok := PictureOf(image.NewGray(image.Rect(0, 0, 3, 3))); ok {
		t.Error("a speck has a picture")
	}
	if b, ok := ReadPicture(a.String()); !ok || b != a {
		t.Error("the picture is read otherwise than it was written")
	}
}
