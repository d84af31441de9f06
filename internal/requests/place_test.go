package requests

import "testing"

func TestPlaces(t *testing.T) {
	for typed, want := range map[string]string{
		"": "", "2": "p2", "P2": "p2", "page 2": "p2", "page 2 line 14": "p2l14", "p2l14": "p2l14", "p2, l14": "-", "2 l3": "p2l3",
		"p1@0,0,1000,1000": "p1@0,0,1000,1000", "p1@900,0,200,10": "-", "p1@10,10,0,5": "-", "p0": "-", "p-1": "-", "p12345": "-", "p1@1,2,3": "-",
		"p1; DROP": "-", "somewhere": "-",
	} {
		p, ok := ParsePlace(typed)
		if got := p.String(); ok && got != want || !ok && want != "-" {
			t.Errorf("%q: %q, %v; want %q", typed, got, ok, want)
		}
		if again, ok := ParsePlace(p.String()); !ok || again != p {
			t.Errorf("%q is not read back: %+v", p, again)
		}
	}
}

func TestAround(t *testing.T) {
	for _, c := range []struct {
		x1, y1, x2, y2 int
		want           string
	}{{500, 400, 100, 200, "p1@100,200,400,200"}, {0, 0, 0, 0, "p1@0,0,20,20"}, {1000, 1000, 1000, 1000, "p1@980,980,20,20"}, {-50, 10, 5000, 11, "p1@0,0,1000,20"}} {
		got := Around(1, c.x1, c.y1, c.x2, c.y2)
		if got.String() != c.want {
			t.Errorf("%v: %s", c, got)
		}
		if again, ok := ParsePlace(got.String()); !ok || again != got {
			t.Errorf("%s is not read back", got)
		}
	}
}
