package legal_test

import (
	"slices"
	"testing"
	"time"

	"lerd/internal/legal"
)

var fitDay = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// TestPlainQuestionsLeadToTheProcess restates, from the statutes and not from
// the files, which process suits whom.
func TestPlainQuestionsLeadToTheProcess(t *testing.T) {
	r := registry(t)
	for _, c := range []struct {
		name     string
		s        legal.Situation
		suits    []legal.ProcessID
		suitsNot []legal.ProcessID
	}{
		{"an Indian station officer", legal.Situation{Want: "now", Country: "IN", Issuer: "station_officer"}, []legal.ProcessID{"IN-94"}, []legal.ProcessID{"IN-69", "DE-100j", "US-2703D", "EU-EPOC-S"}},
		{"a German judge", legal.Situation{Want: "now", Country: "DE", Issuer: "judge"}, []legal.ProcessID{"DE-100k", "EU-EPOC-S", "EU-EPOC-T"}, []legal.ProcessID{"IN-94", "EU-EPOC-PR", "FR-99-3"}},
		{"German police, a judge has validated", legal.Situation{Want: "now", Country: "DE", Issuer: "police", Judge: legal.Yes}, []legal.ProcessID{"EU-EPOC-S"}, []legal.ProcessID{"DE-100k"}},
		{"German police alone", legal.Situation{Want: "now", Country: "DE", Issuer: "police", Judge: legal.No}, nil, []legal.ProcessID{"EU-EPOC-S", "EU-EPOC-T"}},
		{"German police alone, in an emergency", legal.Situation{Want: "emergency", Country: "DE", Issuer: "police", Judge: legal.No}, []legal.ProcessID{"EU-EPOC-S"}, []legal.ProcessID{"EU-EPOC-T"}},
		{"American officers in an emergency", legal.Situation{Want: "emergency", Country: "US", Issuer: "law_enforcement_officer"}, []legal.ProcessID{"US-EDR"}, []legal.ProcessID{"US-2703D"}},
		{"American officers otherwise", legal.Situation{Want: "now", Country: "US", Issuer: "law_enforcement_officer"}, nil, []legal.ProcessID{"US-EDR"}},
		{"to keep data", legal.Situation{Want: "keep", Country: "US"}, []legal.ProcessID{"US-PRES"}, []legal.ProcessID{"US-EDR", "US-2703D", "EU-EPOC-PR"}},
		{"a country without a process of its own", legal.Situation{Want: "now", Country: "KE", Issuer: "central_authority"}, []legal.ProcessID{"MLAT"}, []legal.ProcessID{"IN-94", "US-2703D"}},
	} {
		fits := r.Fits(c.s, fitDay)
		var yes []legal.ProcessID
		for i, f := range fits {
			if f.Fits {
				yes = append(yes, f.Process.ID)
			}
			if i > 0 && f.Fits && !fits[i-1].Fits {
				t.Errorf("%s: %s suits and comes after one that does not", c.name, f.Process.ID)
			}
			if len(f.Why) == 0 {
				t.Errorf("%s: nothing says why %s suits or not", c.name, f.Process.ID)
			}
		}
		for _, id := range c.suits {
			if !slices.Contains(yes, id) {
				t.Errorf("%s: %s does not suit; %v do", c.name, id, yes)
			}
		}
		for _, id := range c.suitsNot {
			if slices.Contains(yes, id) {
				t.Errorf("%s: %s suits", c.name, id)
			}
		}
	}
}

// TestNoProcessIsOutOfReach: for each process there are answers to the questions
// that lead to it.
func TestNoProcessIsOutOfReach(t *testing.T) {
	r := registry(t)
	for _, p := range r.InForce(fitDay) {
		if p.Kind != legal.Disclosure && p.Kind != legal.Preservation {
			continue
		}
		want := legal.WantData
		if p.Kind == legal.Preservation {
			want = legal.WantKept
		} else if p.Emergency == legal.EmergencyOnly {
			want = legal.WantEmergency
		}
		country := "KE"
		if len(p.Countries) > 0 {
			country = p.Countries[0]
		}
		s := legal.Situation{Want: want, Country: country, Issuer: p.Issuers[0].Kinds[0], Judge: legal.Yes}
		found := slices.ContainsFunc(r.Fits(s, fitDay), func(f legal.Fit) bool { return f.Fits && f.Process.ID == p.ID })
		if !found {
			t.Errorf("%s suits nobody, not even %+v", p.ID, s)
		}
	}
	for id := range r.CosignRules() {
		if _, err := r.Current(id, fitDay); id != "" && err != nil {
			t.Errorf("cosignature.yaml names %s: %v", id, err)
		}
	}
}
