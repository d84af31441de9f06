package ordercompare

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const order = `Amtsgericht Musterstadt
Gerichtsstraße 1, 00000 Musterstadt

Order number:
12 Gs 34/26
Case file: 101 Js 4567/26
Date: 13 November 2026

The provider produces, under § 100j StPO, the data of
1. +49 1512 3456787, between 1 October 2026 and 12 November 2026
2. @harbour_lights
3. account 1000 0001
See FIR 12/2026, BNS 318(4).
` + "\f" + `Page two: 01512 9876543
`

func typed() Typed {
	return Typed{Numbers: []Named{{"order_number", "12 Gs 34/26"}, {"fir_number", "FIR 12/2026"}}, Statutes: []Named{{"legal_basis", "§ 100j StPO"}, {"offence_provision", "BNS 318(4)"}},
		Issued: time.Date(2026, 11, 13, 0, 0, 0, 0, time.UTC), Court: "Amtsgericht Musterstadt",
		Targets: []Target{{"t1", "phone", "+4915123456787"}, {"t2", "username", "harbour_lights"}, {"t3", "account_id", "10000001"}, {"t4", "phone", "+4915129876543"}}}
}

// TestOrdersThatAgree have no difference, however the same thing is written.
func TestOrdersThatAgree(t *testing.T) {
	same := map[string]func(string) string{
		"as it is":             func(s string) string { return s },
		"no spaces":            func(s string) string { return strings.ReplaceAll(s, "+49 1512 3456787", "+4915123456787") },
		"hyphens and brackets": func(s string) string { return strings.ReplaceAll(s, "+49 1512 3456787", "+49 (1512) 345-67-87") },
		"after 00":             func(s string) string { return strings.ReplaceAll(s, "+49 1512 3456787", "0049 1512 3456787") },
		"a break of lines":     func(s string) string { return strings.ReplaceAll(s, "+49 1512 3456787", "+49 1512\n345 6787") },
		"no-break spaces":      func(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") },
		"full width": func(s string) string {
			return strings.ReplaceAll(s, "+49 1512 3456787", "＋４９ １５１２ ３４５６７８７")
		},
		"Arabic digits":       func(s string) string { return strings.ReplaceAll(s, "3456787", "٣٤٥٦٧٨٧") },
		"Devanagari digits":   func(s string) string { return strings.ReplaceAll(s, "3456787", "३४५६७८७") },
		"invisible marks":     func(s string) string { return strings.ReplaceAll(s, "3456787", "345\u200b67\u00ad87") },
		"other dashes":        func(s string) string { return strings.ReplaceAll(s, "+49 1512 3456787", "+49\u20111512\u20133456787") },
		"another date's form": func(s string) string { return strings.ReplaceAll(s, "Date: 13 November 2026", "Date: 13.11.2026") },
		"an American date": func(s string) string {
			return strings.ReplaceAll(s, "Date: 13 November 2026", "Date: November 13, 2026")
		},
		"a number broken":     func(s string) string { return strings.ReplaceAll(s, "12 Gs 34/26", "12 Gs\n34 / 26") },
		"another number, too": func(s string) string { return s + "See also 12 Gs 35/26 and +49 1512 3456788 and § 100g StPO." },
		"no text at all":      func(string) string { return " \n\f\n" },
		"other things":        func(string) string { return "We ask for the data of the holder. Call +44 7700 900123, 1 January 2020." },
	}
	for name, write := range same {
		t.Run(name, func(t *testing.T) {
			if diff := Compare(write(order), typed()); len(diff) > 0 {
				t.Errorf("differs: %+v", diff)
			}
		})
	}
}

// TestOrdersThatDiffer say one thing otherwise, each with its place.
func TestOrdersThatDiffer(t *testing.T) {
	for name, x := range map[string]struct {
		from, to string
		want     Difference
	}{
		"one digit":          {"3456787", "3456788", Difference{"t1", "+4915123456787", "+49 1512 3456788", 1, 10}},
		"changed places":     {"3456787", "3456778", Difference{"t1", "+4915123456787", "+49 1512 3456778", 1, 10}},
		"one too many":       {"3456787,", "34567877,", Difference{"t1", "+4915123456787", "+49 1512 34567877", 1, 10}},
		"one too few":        {"3456787", "345678", Difference{"t1", "+4915123456787", "+49 1512 345678", 1, 10}},
		"broken over lines":  {"3456787", "345\n6788", Difference{"t1", "+4915123456787", "+49 1512 345 6788", 1, 10}},
		"Arabic digits":      {"3456787", "٣٤٥٦٧٨٨", Difference{"t1", "+4915123456787", "+49 1512 3456788", 1, 10}},
		"page two, national": {"01512 9876543", "01512 9876534", Difference{"t4", "+4915129876543", "01512 9876534", 2, 1}},
		"a username":         {"@harbour_lights", "@harbour_light5", Difference{"t2", "harbour_lights", "@harbour_light5", 1, 11}},
		"an account":         {"1000 0001", "1000 0007", Difference{"t3", "10000001", "1000 0007", 1, 12}},
		"the order's number": {"12 Gs 34/26", "12 Gs 43/26", Difference{"order_number", "12 Gs 34/26", "12 Gs 43/26", 1, 5}},
		"the case's number":  {"FIR 12/2026", "FIR 13/2026", Difference{"fir_number", "FIR 12/2026", "FIR 13/2026", 1, 13}},
		"the date":           {"Date: 13 November", "Date: 14 November", Difference{"issued_on", "2026-11-13", "14 November 2026", 1, 7}},
		"the date, alone":    {"Date: 13 November", "Datum:\n14. November", Difference{"issued_on", "2026-11-13", "14. November 2026", 1, 8}},
		"the court":          {"Amtsgericht Musterstadt", "Amtsgericht Nusterstadt", Difference{"issuer_name", "Amtsgericht Musterstadt", "Amtsgericht Nusterstadt", 1, 1}},
		"the statute":        {"§ 100j StPO", "§ 100g StPO", Difference{"legal_basis", "§ 100j StPO", "§ 100g StPO", 1, 9}},
		"the offence":        {"BNS 318(4)", "BNS 319(4)", Difference{"offence_provision", "BNS 318(4)", "BNS 319(4)", 1, 13}},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(order, x.from) {
				t.Fatalf("the order does not say %q", x.from)
			}
			if diff := cmp.Diff([]Difference{x.want}, Compare(strings.ReplaceAll(order, x.from, x.to), typed())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNeighboursAreNotMixedUp: two numbers that follow each other, both typed, are
// no difference, and a third is one.
func TestNeighboursAreNotMixedUp(t *testing.T) {
	in := Typed{Targets: []Target{{"t1", "phone", "+4915123456787"}, {"t2", "phone", "+4915123456788"}}}
	if diff := Compare("The data of +49 1512 3456787.", in); len(diff) > 0 {
		t.Errorf("one is missing, and it says %+v", diff)
	}
	got := Compare("The data of +49 1512 3456787 and +49 1512 3456789.", in)
	if len(got) != 1 || got[0].Field != "t2" || got[0].Says != "+49 1512 3456789" {
		t.Errorf("the third: %+v", got)
	}
}

func FuzzCompare(f *testing.F) {
	f.Add(order, "12 Gs 34/26", "+4915123456787")
	f.Fuzz(func(t *testing.T, text, number, phone string) {
		for _, d := range Compare(text, Typed{Numbers: []Named{{"n", number}}, Statutes: []Named{{"s", number}}, Court: number, Issued: time.Unix(0, 0), Targets: []Target{{"t1", "phone", phone}, {"t2", "username", phone}}}) {
			if d.Page < 1 || d.Line < 1 || d.Says == "" {
				t.Errorf("nowhere: %+v", d)
			}
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	for b.Loop() {
		Compare(order, typed())
	}
}

// TestEveryAccountIsCompared: the last of very many is looked at as the first is, and
// each wrong one of as many as a request may name is told.
func TestEveryAccountIsCompared(t *testing.T) {
	var in Typed
	var text strings.Builder
	for i := range 1000 {
		in.Targets = append(in.Targets, Target{fmt.Sprint("t", i+1), "phone", fmt.Sprintf("+33612%07d", i*9973%10_000_000)})
		fmt.Fprintln(&text, in.Targets[i].Value)
	}
	in.Targets = append(in.Targets, Target{"t1001", "phone", "+4915123456787"})
	got := Compare(text.String()+"+49 1512 3456788\n", in)
	if len(got) != 1 || got[0].Field != "t1001" || got[0].Line != 1001 {
		t.Errorf("the last of many: %+v", got)
	}
	in.Targets, text = nil, strings.Builder{}
	for i := range 25 {
		in.Targets = append(in.Targets, Target{fmt.Sprint("t", i+1), "phone", fmt.Sprintf("+49%d", 1512_0000000+i*1_111_000)})
		fmt.Fprintf(&text, "+49%d\n", 1512_0000000+i*1_111_000+7)
	}
	if got := Compare(text.String(), in); len(got) != 25 {
		t.Errorf("of 25 wrong accounts %d are told", len(got))
	}
}

// BenchmarkCompareLong compares a long order full of numbers with as many accounts as
// a request may name, and with many more, none of which it names.
func BenchmarkCompareLong(b *testing.B) {
	var text strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&text, "+49 1512 %07d §%d\n", i*7919%9_999_999, i)
	}
	for _, n := range []int{25, 5000} {
		in := typed()
		in.Targets = nil
		for i := range n {
			in.Targets = append(in.Targets, Target{fmt.Sprint("t", i+1), "phone", fmt.Sprintf("+33612%06d", i)})
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				Compare(text.String(), in)
			}
		})
	}
}
