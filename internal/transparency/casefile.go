package transparency

// outcome is what became of a request.
type outcome uint8

const (
	pending outcome = iota
	full
	partial
	noData
	preserved
	refused
	objected
	withdrawn
	expired
	outcomes // how many there are
)

// outcomeNames are the columns of tables by outcome.
var outcomeNames = [outcomes]string{"pending", "fulfilled", "partly_fulfilled", "no_data", "preserved", "refused", "objection", "withdrawn", "expired"}

// fulfils tells whether something was done that was asked.
func (o outcome) fulfils() bool { return o == full || o == partial }

// decision is an outcome with its time and what it counts.
type decision struct {
	outcome  outcome
	at       int64
	answered *Answered
	refused  *Refused
}

// casefile is a request as it stood at a cut-off, and what happened to it between
// from and to.
type casefile struct {
	place     int   // among the cases of the book
	received  int64 // 0: never submitted, or taken back
	claimed   int64
	in        *Received
	valid     bool
	under     bool // a gag runs
	stands    decision
	effect    int64    // when its first answer took effect: data left, were kept, or nothing was there
	decided   decision // the last one of the period; at is 0 where there is none
	confirmed bool
	denied    bool
	recalls   int // of the period, as are the next three
	corrected int
	extended  int
	lapsed    int
	before    int    // accounts of the largest bundle before the period
	largest   int    // the same of the bundles of the period
	unopened  uint64 // 1 + the first counted entry that was not opened
}

// span is the stretch of a period, and its cut-off, in microseconds.
type span struct{ from, to, cut int64 }

func (s span) holds(at int64) bool { return at >= s.from && at < s.to && at < s.cut }

// file reads one case up to the cut-off.
func (b *Book) file(i int, s span) (f casefile) {
	gags := 0
	for at := b.heads[i].first; at >= 0; at = b.marks[at].next {
		m := &b.marks[at]
		if m.at >= s.cut {
			continue
		}
		if m.kind.counts() {
			if m.count == nil && f.unopened == 0 {
				f.unopened = m.index + 1
			}
		}
		f.step(m, s, &gags)
	}
	f.under = gags > 0 || f.in != nil && f.in.Confidential && gags == 0
	if gags < 0 {
		f.under = false
	}
	return f
}

// step takes one event. A gag that ended takes away the secrecy that the order
// asked for as well.
func (f *casefile) step(m *bookMark, s span, gags *int) {
	switch m.kind {
	case kReceived:
		f.received = m.at
		if m.count != nil {
			f.in = m.count.Received
		}
	case kTakenBack:
		f.received = 0
	case kClaimed:
		if f.claimed == 0 {
			f.claimed = m.at
		}
	case kQualified:
		f.valid = true
	case kGagBegins:
		*gags = max(*gags, 0) + 1
	case kGagEnds:
		if *gags--; *gags <= 0 {
			*gags = -1
		}
	case kCallConfirmed:
		f.confirmed = true
	case kCallDenied:
		f.denied = true
	case kExtended, kLapsed, kRecalled, kCorrected:
		f.happened(m, s)
	default:
		f.decide(m, s)
	}
}

// happened counts what happened in the period itself.
func (f *casefile) happened(m *bookMark, s span) {
	if m.kind == kCorrected {
		f.stands = decision{}
	}
	if !s.holds(m.at) {
		return
	}
	switch m.kind {
	case kExtended:
		f.extended++
	case kLapsed:
		f.lapsed++
	case kRecalled:
		f.recalls++
	case kCorrected:
		f.corrected++
	}
}

// decide takes an event that ends a case, for now.
func (f *casefile) decide(m *bookMark, s span) {
	d := decision{at: m.at}
	switch m.kind {
	case kPreserved:
		d.outcome, f.valid = preserved, true
	case kExported:
		d.outcome, f.valid = full, true
		if m.count != nil {
			d.answered = m.count.Answered
			d.outcome = d.answered.outcome()
			f.left(m, s)
		}
	case kNothing:
		d.outcome = noData
	case kRefused, kObjected:
		d.outcome = refused
		if m.kind == kObjected {
			d.outcome = objected
		}
		if m.count != nil {
			d.refused = m.count.Refused
		}
	case kWithdrawn:
		d.outcome = withdrawn
	case kExpired:
		d.outcome = expired
	default:
		return
	}
	if f.stands.outcome == preserved && d.outcome == withdrawn {
		return // data were kept until then
	}
	f.stands = d
	if f.effect == 0 && (d.outcome.fulfils() || d.outcome == noData || d.outcome == preserved) {
		f.effect = d.at
	}
	if s.holds(d.at) {
		f.decided = d
	}
}

// left takes of how many accounts something left.
func (f *casefile) left(m *bookMark, s span) {
	n := m.count.Answered.Accounts
	switch {
	case m.at < s.from:
		f.before = max(f.before, n)
	case s.holds(m.at):
		f.largest = max(f.largest, n)
	}
}

// accounts gives how many accounts of a case are counted in the period. A bundle that
// was called back and made again holds those of the first, as far as can be told from
// numbers: the largest bundle counts, once, and when it left. Before, the last answer
// of the period counted alone, and nothing where the case was withdrawn after it.
func (f *casefile) accounts(r Rules) int {
	if r.Version >= casesSince {
		return max(0, f.largest-f.before)
	}
	if f.decided.answered == nil {
		return 0
	}
	return f.decided.answered.Accounts
}

// outcome says whether all, part or nothing left of what was asked.
func (a *Answered) outcome() outcome {
	some := a.Phone.Produced + a.Phone.Narrowed + a.IP.Produced + a.IP.Narrowed
	switch {
	case some == 0:
		return noData
	case a.Phone.Produced+a.IP.Produced == a.Phone.Asked()+a.IP.Asked():
		return full
	}
	return partial
}

// counts tells whether anything of a case is counted in the period.
func (f *casefile) counts(s span) bool {
	return f.received != 0 && (s.holds(f.received) || f.decided.at != 0 || f.recalls+f.corrected+f.extended+f.lapsed > 0)
}
