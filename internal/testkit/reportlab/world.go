package reportlab

import (
	"math"
	"math/rand/v2"
	"time"

	"lerd/internal/transparency"
)

// countries ask in very different numbers, as they do in the world.
var countries = []string{"IN", "DE", "FR", "KR", "GB", "ES", "US", "PL", "KZ", "BR", "IT", "NL", "AT", "BE", "SE", "CZ", "DK", "FI", "PT", "IE"}

var processes = map[string][]string{"DE": {"DE-100j", "DE-100k", "EU-EPOC-S"}, "FR": {"FR-60-1", "EU-EPOC-T", "EU-EPOC-S"}, "IN": {"IN-94", "IN-69"}, "US": {"US-2703D"}, "GB": {"UK-CD"}, "BR": {"BR-10-3"}}

var offences = []string{"01", "02", "05", "06", "07", "07", "07", "08", "09", "10"}

var codes = []string{"RR-01", "RR-02", "RR-03", "RR-05", "RR-09"}

// Stories gives n cases that came in between from and to.
func Stories(seed uint64, n int, from, to time.Time) []Story {
	r := rand.New(rand.NewPCG(seed, 11))
	out := make([]Story, n)
	for i := range out {
		out[i] = story(r, from, to)
	}
	return out
}

func story(r *rand.Rand, from, to time.Time) Story {
	country := countries[int(math.Pow(r.Float64(), 3)*float64(len(countries)))]
	own := processes[country]
	if own == nil {
		own = []string{"MLAT", "EU-DSA10", "EU-EPOC-PR"}
	}
	s := Story{At: from.Add(time.Duration(r.Float64() * float64(to.Sub(from)))).Truncate(time.Microsecond), Looks: r.IntN(3),
		Received: transparency.Received{Country: country, Process: own[r.IntN(len(own))], Kind: "disclosure", Offence: offences[r.IntN(len(offences))],
			Emergency: r.IntN(12) == 0, Confidential: r.IntN(10) == 0, Phone: r.IntN(3), IP: r.IntN(2)}}
	if s.Phone+s.IP == 0 {
		s.Phone = 1
	}
	s.TakeBack = r.IntN(60) == 0
	s.Gag = max(0, r.IntN(20)-17)
	s.Claimed = time.Duration(1+r.IntN(3000)) * time.Minute
	s.Ended = s.Claimed + time.Duration(10+r.IntN(12*24*60))*time.Minute
	if s.Emergency {
		s.Call = []string{"confirmed", "confirmed", "confirmed", "denied", "not_reached", ""}[r.IntN(6)]
	}
	s.ending(r)
	return s
}

func (s *Story) ending(r *rand.Rand) {
	switch n := r.IntN(100); {
	case n < 55:
		s.End, s.Recalled = "request.export", r.IntN(80) == 0
		s.Answered = transparency.Answered{Accounts: 1 + r.IntN(3), Phone: items(r, s.Phone), IP: items(r, s.IP)}
		if some := s.Answered.Phone.Produced + s.Answered.Phone.Narrowed + s.Answered.IP.Produced + s.Answered.IP.Narrowed; some == 0 {
			s.Answered.Accounts = 0
		}
	case n < 75:
		s.End, s.Codes = "request.refuse", []string{codes[r.IntN(len(codes))]}
	case n < 87:
		s.End = "request.answered"
	case n < 91:
		s.End = "request.withdraw"
	case n < 93:
		s.End = "request.expire"
	case n < 94:
		s.End, s.Codes = "request.settle_conflict", []string{"RR-14"}
	case n < 97:
		s.End = "request.preserve"
	default:
		s.End, s.Claimed = "", s.Claimed*time.Duration(r.IntN(2))
	}
	if s.End == "request.preserve" {
		s.Kind = "preservation"
	}
}

func items(r *rand.Rand, n int) (x transparency.Items) {
	for range n {
		switch r.IntN(10) {
		case 0:
			x.Narrowed++
		case 1:
			x.Refused++
		case 2:
			x.Nothing++
		default:
			x.Produced++
		}
	}
	return x
}
