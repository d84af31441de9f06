package requests

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/testkit/everybody"
)

// shelf is a store of one case with its review of rights and one file; everybody may
// do everything, so that what refuses is the gates' own.
type shelf struct {
	Store
	RightsStore
	Blobs

	kept      Case
	review    RightsReview
	file      []byte
	stopped   bool
	looked    int
	committed int
}

func (s *shelf) Case(context.Context, ID) (Case, error) { s.looked++; return s.kept, nil }

func (s *shelf) Commit(context.Context, change.Set) error { s.committed++; return nil }

func (s *shelf) RightsReview(context.Context, ID) (RightsReview, bool, error) {
	return s.review, true, nil
}

func (s *shelf) RightsMarked(context.Context, ID) (bool, error) { return false, nil }

func (s *shelf) Get(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(s.file)), nil
}

func (s *shelf) Guard(context.Context, Case) error { return nil }

func (s *shelf) Running(context.Context, Case) error {
	if s.stopped {
		return fault.New(fault.Gate, "stopped")
	}
	return nil
}

var atNine = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func over(s *shelf) *Service {
	return New(Config{Store: s, Rights: s, Access: everybody.May{}, Blobs: s, Guard: s, Law: &legal.Registry{}, Now: func() time.Time { return atNine }})
}

// TestWhatRightsRefuseDoesNotLeave: an agreed review refuses everything, one
// category, or nothing.
func TestWhatRightsRefuseDoesNotLeave(t *testing.T) {
	for conclusion, want := range map[string]fault.Kind{Proceed: "", NarrowRights: fault.Gate, RefuseRights: fault.Gate} {
		s := &shelf{review: RightsReview{State: RightsAgreed, Answers: []RightsAnswer{{Conclusion: conclusion, Only: "phone_number"}}}}
		err := over(s).rightsLeave(t.Context(), Case{}, "phone_number", "ip_address")
		if err == nil != (want == "") || err != nil && fault.KindOf(err) != want {
			t.Errorf("%s: %v", conclusion, err)
		}
	}
}

// TestAStoppedCaseHasNoBundle: while a case is stopped its officer finds nothing, as
// if there were no bundle, although the bundle is out and their passkey agrees.
func TestAStoppedCaseHasNoBundle(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		s := &shelf{stopped: stopped, kept: Case{Release: &Release{State: Exported}, Agency: identity.Agency{Standing: identity.Verified}}}
		x := over(s)
		ctx := identity.Evaluating(identity.With(t.Context(), identity.Actor{Person: "officer", Role: identity.Officer}), x.Now)
		_, _, err := x.Download(ctx, "r")
		if got := fault.KindOf(err) == fault.NotFound; got != stopped || err == nil { // without a stop it ends at the grant, which nobody has
			t.Errorf("stopped %v: %v", stopped, err)
		}
		if stopped && !strings.Contains(fault.Message(err), "nothing here") || s.committed != 0 {
			t.Errorf("%q, %d steps", fault.Message(err), s.committed)
		}
	}
}

// TestStrangersAreToldToSignIn: a step by nobody ends before anything is looked up.
func TestStrangersAreToldToSignIn(t *testing.T) {
	s := &shelf{}
	if _, _, _, err := over(s).open(t.Context(), "r", "download", "release"); fault.KindOf(err) != fault.SignIn || s.looked > 0 {
		t.Errorf("by nobody: %v, %d cases looked up", err, s.looked)
	}
}
