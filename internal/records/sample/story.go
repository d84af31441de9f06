package sample

import (
	"time"

	"lerd/internal/records"
)

// The story accounts, the first of every sample. Their numbers lie in ranges
// that regulators keep for fiction: Ofcom (+44 7700 900000 to 900999), NANPA
// (555-0100 to 0199), Arcep (+33 6 39 98 00 00 to 99 99).
const (
	SuspectByPhone    records.AccountID = 10_000_001 // held SuspectPhone throughout
	SuspectByUsername records.AccountID = 10_000_002 // held ReassignedUsername first
	NextByUsername    records.AccountID = 10_000_003 // holds ReassignedUsername now
	SuspectByID       records.AccountID = 10_000_004 // named by its numeric id
	FirstByPhone      records.AccountID = 10_000_005 // held RecycledPhone first
	NextByPhone       records.AccountID = 10_000_006 // holds RecycledPhone now
	NoSessions        records.AccountID = 10_000_007 // has a number, but no IP event
	Bystander         records.AccountID = 10_000_008 // in good standing; broke no rule
	NearMiss          records.AccountID = 10_000_009 // its number is one digit from SuspectPhone

	SuspectPhone       = "+447700900123"
	NearMissPhone      = "+447700900124"
	RecycledPhone      = "+33639980017"
	NoSessionsPhone    = "+447700900777"
	BystanderPhone     = "+12025550188"
	ReassignedUsername = "nightferry"
	SuspectUsername    = "harbour_lights" // of SuspectByPhone
	UnknownPhone       = "+447700900999"  // nobody holds it
)

// When the story's things change hands, before the reference time.
const (
	day                = 24 * time.Hour
	storyBegins        = 700 * day
	usernameGivenUp    = 100 * day
	usernameTakenAgain = 90 * day
	phoneGivenUp       = 200 * day
	phoneTakenAgain    = 170 * day
)

// Times are the moments of the story for a reference time.
type Times struct {
	Begins             time.Time // the story accounts are registered
	UsernameGivenUp    time.Time // SuspectByUsername gives ReassignedUsername up
	UsernameTakenAgain time.Time // NextByUsername takes it
	PhoneGivenUp       time.Time // FirstByPhone gives RecycledPhone up
	PhoneTakenAgain    time.Time // NextByPhone gets it
}

// StoryTimes gives the moments of the story in a sample with Options.Now.
func StoryTimes(now time.Time) Times {
	now = now.UTC().Truncate(day)
	return Times{
		Begins:             now.Add(-storyBegins),
		UsernameGivenUp:    now.Add(-usernameGivenUp),
		UsernameTakenAgain: now.Add(-usernameTakenAgain),
		PhoneGivenUp:       now.Add(-phoneGivenUp),
		PhoneTakenAgain:    now.Add(-phoneTakenAgain),
	}
}

// character is a story account.
type character struct {
	status    int16 // as in person.status
	events    int
	offset    int // usual hours from UTC
	usernames []span
	phones    []span
}

// cast gives the story accounts in the order of their ids.
func cast(now time.Time) []character {
	t := StoryTimes(now)
	begin, micros := t.Begins.UnixMicro(), time.Time.UnixMicro
	always := func(v string) []span { return []span{{value: v, from: begin}} }
	return []character{
		{status: 2, events: 240, usernames: always(SuspectUsername), phones: always(SuspectPhone)},
		{status: 2, events: 180, usernames: []span{{ReassignedUsername, begin, micros(t.UsernameGivenUp)}, {"slow_tide", micros(t.UsernameGivenUp), 0}}, phones: always("+447700900301")},
		{status: 0, events: 60, usernames: []span{{"paper_kite", begin, micros(t.UsernameTakenAgain)}, {ReassignedUsername, micros(t.UsernameTakenAgain), 0}}, phones: always("+447700900302")},
		{status: 3, events: 320, offset: -5, phones: always("+12025550143")},
		{status: 0, events: 90, offset: 1, usernames: always("marche_lente"), phones: []span{{RecycledPhone, begin, micros(t.PhoneGivenUp)}, {"+33639980018", micros(t.PhoneGivenUp), 0}}},
		{status: 1, events: 110, offset: 1, usernames: always("petit_phare"), phones: []span{{"+33639980019", begin, micros(t.PhoneTakenAgain)}, {RecycledPhone, micros(t.PhoneTakenAgain), 0}}},
		{status: 2, events: 0, usernames: always("quiet_reader"), phones: always(NoSessionsPhone)},
		{status: 0, events: 75, offset: -5, usernames: always("green_bicycle"), phones: always(BystanderPhone)},
		{status: 0, events: 45, usernames: always("north_pier"), phones: always(NearMissPhone)},
	}
}

// span is a value that an account held; times in Unix microseconds, to is 0
// while it holds it.
type span struct {
	value    string
	from, to int64
}
