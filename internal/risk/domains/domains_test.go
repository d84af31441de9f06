package domains

import (
	"os"
	"slices"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"
)

// authorities gives the real, differing domains of testdata.
func authorities(t testing.TB) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/authorities.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, line := range strings.Split(string(b), "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

func TestTheCologneCourt(t *testing.T) {
	d := NewDirectory(authorities(t))
	for _, c := range []struct {
		name  string
		known string
		kind  Kind
	}{
		{"agkoeln-nrw.de", "ag-koeln.nrw.de", MovedMarks}, // the name of the forged judgment of 2021
		{"ag-koeln-nrw.de", "ag-koeln.nrw.de", MovedMarks},
		{"аg-koeln.nrw-justiz.de", "ag-koeln.nrw.de", AddedWords},
		{"ag-koelm.nrw.com", "ag-koeln.nrw.de", FewLetters},
		{"bkа.de", "bka.de", SameShape}, // Cyrillic а
		{"xn--bk-8kc.de", "bka.de", SameShape},
		{"agkoeln.de", "ag-koeln.nrw.de", OtherEnding},
		{"nationalcrirneagency.gov.uk.example.com", "nationalcrimeagency.gov.uk", Inside},
		{"bundespolize1.de", "bundespolizei.de", SameShape},
		{"bka-portal.de", "bka.de", AddedWords},
		{"justice.gov.mail-secure.com", "justice.gov", Inside},
		{"delhi-police-gov-in.com", "delhipolice.gov.in", MovedMarks},
	} {
		n, ok := Parse(c.name)
		if !ok {
			t.Errorf("%s is read as no domain", c.name)
			continue
		}
		v := d.Check(n)
		if v.Known != "" || !slices.ContainsFunc(v.Likes, func(l Like) bool { return l.Known == c.known && l.Kind == c.kind }) {
			t.Errorf("%s: %+v, want %s of %s", c.name, v, c.kind, c.known)
		}
	}
}

func TestNamesOnFileAndOthers(t *testing.T) {
	d := NewDirectory([]string{"ag-koeln.nrw.de", "delhipolice.gov.in", "not a domain", ""})
	if d.Len() != 2 {
		t.Errorf("%d names are on file", d.Len())
	}
	for _, name := range []string{"ag-koeln.nrw.de", "AG-KOELN.NRW.DE.", "www.ag-koeln.nrw.de", "mail.ag-koeln.nrw.de", "ag-bonn.nrw.de", "cyber.delhipolice.gov.in"} {
		n, ok := Parse(name)
		if v := d.Check(n); !ok || v.Known == "" || len(v.Likes) > 0 {
			t.Errorf("%s: %+v", name, v)
		}
	}
	for _, name := range []string{"justiz.bayern.de", "politie.nl", "example.org", "mumbaipolice.gov.in"} {
		n, _ := Parse(name)
		if v := d.Check(n); v.Known != "" || len(v.Likes) > 0 {
			t.Errorf("%s: %+v", name, v)
		}
	}
	for _, text := range []string{"", "localhost", "de", "a b.de", "https://x.de/", "who@x.de", strings.Repeat("a", 300) + ".de", "-x.de", "x..de", "\xff.de", ".de", "co.uk"} {
		if n, ok := Parse(text); ok {
			t.Errorf("%q is read as %+v", text, n)
		}
	}
}

func TestScriptsAndForms(t *testing.T) {
	n, _ := Parse("аgkoeln.de") // the first letter is Cyrillic
	if n.Mixed != "Cyrillic and Latin" || n.ASCII != "xn--gkoeln-2nf.de" || !strings.Contains(n.Shown(), "xn--gkoeln-2nf.de") || !strings.Contains(n.Shown(), "аgkoeln.de") {
		t.Errorf("%+v, shown as %q", n, n.Shown())
	}
	if n, _ := Parse("köln.de"); n.Mixed != "" || n.ASCII != "xn--kln-sna.de" {
		t.Errorf("%+v", n)
	}
	if Skeleton("раураl") != Skeleton("paypal") || Skeleton("rnodern") != Skeleton("modern") || Skeleton("vvest") != Skeleton("west") || Skeleton("G00GLE") != Skeleton("google") {
		t.Error("names that look alike have different skeletons")
	}
	if Skeleton("bonn") == Skeleton("born") {
		t.Error("bonn and born have one skeleton")
	}
}

// TestRates gives the share of made-up names that are found, and of real ones
// that are taken for another; docs/fraud.md states them.
func TestRates(t *testing.T) {
	all := authorities(t)
	d := NewDirectory(all)
	total, found := map[family]int{}, map[family]int{}
	missed := map[family][]string{}
	subjects := []string{"ag-koeln.nrw.de", "bundespolizei.de", "polizei-bw.de", "nationalcrimeagency.gov.uk", "delhipolice.gov.in", "bundeskriminalamt.at", "guardiacivil.es", "poliziadistato.it", "chicagopolice.org", "cybercrime.gov.in"}
	for _, s := range subjects {
		n := 0
		for f, list := range permutations(s) {
			for _, host := range list {
				n++
				name, _ := Parse(host)
				v := d.Check(name)
				if v.Known != "" {
					continue // below a domain on file: its owner's, not a stranger's
				}
				total[f]++
				if len(v.Likes) > 0 {
					found[f]++
				} else {
					missed[f] = append(missed[f], host)
				}
			}
		}
		if n < 500 {
			t.Errorf("only %d permutations of %s", n, s)
		}
	}
	sumTotal, sumFound := 0, 0
	var names []string
	for f := range total {
		names = append(names, string(f))
	}
	sort.Strings(names)
	for _, name := range names {
		f := family(name)
		sumTotal, sumFound = sumTotal+total[f], sumFound+found[f]
		t.Logf("%-14s %5d of %5d, %5.1f %%  missed e.g. %v", f, found[f], total[f], 100*float64(found[f])/float64(total[f]), missed[f][:min(4, len(missed[f]))])
	}
	rate := float64(sumFound) / float64(sumTotal)
	t.Logf("found %d of %d, %.2f %%", sumFound, sumTotal, 100*rate)
	if rate < 0.98 {
		t.Errorf("only %.2f %% of the made-up names are found", 100*rate)
	}
	falseAlarms(t, all)
	untuned(t, d, all)
}

// untuned gives the rate over names that nobody looked at while the rules were
// written, short ones among them.
func untuned(t *testing.T, d *Directory, all []string) {
	t.Helper()
	total, found := 0, 0
	for i := 4; i < len(all); i += 10 {
		for _, list := range permutations(all[i]) {
			for _, host := range list {
				name, _ := Parse(host)
				v := d.Check(name)
				if v.Known != "" {
					continue
				}
				if total++; len(v.Likes) > 0 {
					found++
				}
			}
		}
	}
	rate := float64(found) / float64(total)
	t.Logf("of names that were not looked at: %d of %d, %.2f %%", found, total, 100*rate)
	if rate < 0.8 {
		t.Errorf("only %.2f %% of those are found", 100*rate)
	}
}

// falseAlarms checks each real name against all others.
func falseAlarms(t *testing.T, all []string) {
	t.Helper()
	alarms := 0
	for i, name := range all {
		others := append(append([]string{}, all[:i]...), all[i+1:]...)
		n, ok := Parse(name)
		if !ok {
			t.Errorf("%s is read as no domain", name)
			continue
		}
		if v := NewDirectory(others).Check(n); len(v.Likes) > 0 {
			alarms++
			t.Logf("false alarm: %s for %+v", name, v.Likes)
		}
	}
	t.Logf("false alarms: %d of %d real names, %.2f %%", alarms, len(all), 100*float64(alarms)/float64(len(all)))
	if rate := float64(alarms) / float64(len(all)); rate > 0.02 {
		t.Errorf("%.2f %% of the real names are taken for another", 100*rate)
	}
}

func TestFind(t *testing.T) {
	text := `Replies to akte@agkoeln-nrw.de or https://portal.ag-koeln.nrw.de/akte?id=3, file order.pdf, see § 100j StPO i.V.m. S.94
		BNSS, 12.11.2026, Az. 12.Gs.34, also bkа.de and xn--bk-8kc.de; again AGKOELN-NRW.DE.`
	var got []string
	for _, n := range Find(text) {
		got = append(got, n.ASCII)
	}
	if want := []string{"agkoeln-nrw.de", "portal.ag-koeln.nrw.de", "xn--bk-8kc.de"}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	if n := len(Find(strings.Repeat("a.b.de c.d.fr ", 100000))); n > MaxFound {
		t.Errorf("%d names", n)
	}
}

func FuzzCheck(f *testing.F) {
	d := NewDirectory(authorities(f))
	for _, s := range []string{"agkoeln-nrw.de", "bkа.de", "xn--bk-8kc.de", "xn--a.de", "a。b.de", "\u202exn--.de", "ﬁ.de", strings.Repeat("a.", 120) + "de", "é.fr", "::", "xn--xn---epa.de"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, n := range Find(s) {
			if again, ok := Parse(n.ASCII); !ok || again.ASCII != n.ASCII {
				t.Errorf("%q is found and then read as %+v", n.ASCII, again)
			}
		}
		n, ok := Parse(s)
		if !ok {
			return
		}
		if len(n.ASCII) > 253 || !utf8.ValidString(n.Unicode) || n.Shown() == "" {
			t.Errorf("%q is read as %+v", s, n)
		}
		if v := d.Check(n); v.Known != "" && len(v.Likes) > 0 {
			t.Errorf("%q is on file and a look-alike", s)
		}
		if v := NewDirectory([]string{n.ASCII}).Check(n); v.Known != n.ASCII {
			t.Errorf("%q is not itself: %+v", s, v)
		}
		if Skeleton(Skeleton(s)) != Skeleton(s) {
			t.Logf("the skeleton of %q changes again", s)
		}
	})
}
