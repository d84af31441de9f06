package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"lerd/internal/oversight"
)

// verifying is a verification that does something at its first word of progress.
type verifying struct {
	oversight.Verifier
	meanwhile func()
}

func (v verifying) Verify(ctx context.Context, progress func(string, int64, int64)) (oversight.Verification, bool, error) {
	begun := false
	return v.Verifier.Verify(ctx, func(what string, done, total int64) {
		progress(what, done, total)
		if !begun {
			begun = true
			v.meanwhile()
		}
	})
}

// TestStepsGoOnWhileTheLogIsVerified takes a request, and asks for a second run, while a
// verification is under way: the step is taken, the run is refused in words, there is one
// result, over the log as it was when the run began, and the new rows are no difference.
func TestStepsGoOnWhileTheLogIsVerified(t *testing.T) {
	s := newScenario(t)
	s.submit("IN/94/2026/5701")
	s.indexed()
	ines := s.as("ines.moreau")
	asked, err := s.oversight.AskVerification(ines)
	if s.must(err); !asked {
		t.Fatal("nothing was asked for")
	}
	s.sequenceAll()
	began := s.column("SELECT count(*)::text FROM audit.leaf")[0]
	met := false
	ran, err := s.oversight.RunVerification(s.ctx, verifying{s.consoleOf, func() {
		met = true
		s.submit("IN/94/2026/5702")
		if again, err := s.oversight.AskVerification(ines); again || err != nil {
			t.Errorf("a second run during the first: %v %v", again, err)
		}
		in, err := s.oversight.Integrity(ines)
		if err != nil || in.Running == nil || in.Progress.What == "" {
			t.Errorf("the page knows of no run: %+v %v", in.Running, err)
		}
		s.sequenceAll()
	}})
	if s.must(err); !ran || !met {
		t.Fatal("nothing ran")
	}
	in, err := s.oversight.Integrity(ines)
	s.must(err)
	if in.Running != nil || in.Ended.State != oversight.Verified || s.column("SELECT size::text FROM verification")[0] != began {
		t.Errorf("it began over %s entries and gave %+v", began, in.Ended)
	}
	if n := s.column("SELECT count(*)::text FROM verification")[0]; n != "1" {
		t.Errorf("%s runs", n)
	}
	s.verifyLog()
}

// TestAnInterruptedVerificationIsNoResult stops the process in the middle of a run: there
// is no result, the page says that it stands still, and the next process does the whole
// run. One that cannot be carried to its end says that it is unfinished.
func TestAnInterruptedVerificationIsNoResult(t *testing.T) {
	s := newScenario(t)
	s.submit("IN/94/2026/5703")
	s.indexed()
	ines := s.as("ines.moreau")
	_, err := s.oversight.AskVerification(ines)
	s.must(err)
	s.sequenceAll()
	ctx, stop := context.WithCancel(s.ctx)
	ran, err := s.oversight.RunVerification(ctx, verifying{s.consoleOf, stop})
	if ran || !errors.Is(err, context.Canceled) {
		t.Errorf("a run that was stopped: %v %v", ran, err)
	}
	in, err := s.oversight.Integrity(ines)
	s.must(err)
	if in.Running == nil || in.Ended != nil {
		t.Fatalf("after the stop: running %+v, ended %+v", in.Running, in.Ended)
	}
	if n, err := s.system.verifyLog(s.ctx); n != 1 || err != nil {
		t.Fatalf("the next process ran %d, %v", n, err)
	}
	if in, err = s.oversight.Integrity(ines); err != nil || in.Running != nil || in.Ended.State != oversight.Verified {
		t.Errorf("the next process gave %+v, %v", in.Ended, err)
	}
	s.clock.Advance(time.Minute)
	_, err = s.oversight.AskVerification(ines)
	s.must(err)
	if ran, err := s.oversight.RunVerification(s.ctx, noDisk{}); !ran || err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("a run without room says to the technical log: %v %v", ran, err)
	}
	if in, err = s.oversight.Integrity(ines); err != nil || in.Ended.State != oversight.Unfinished || !strings.Contains(in.Ended.Finding, "could not be carried to its end") {
		t.Errorf("a run without room gave %+v, %v", in.Ended, err)
	}
}

// noDisk is a verification that fails and says nothing of the log.
type noDisk struct{}

func (noDisk) Verify(context.Context, func(string, int64, int64)) (oversight.Verification, bool, error) {
	return oversight.Verification{}, false, errors.New("write /tmp/x: no space left on device")
}

// TestTwoTabsAskForOneVerification sends the form of two pages, and reads what stands
// there once the process that did the run has died.
func TestTwoTabsAskForOneVerification(t *testing.T) {
	s := newScenario(t)
	s.submit("IN/94/2026/5704")
	s.indexed()
	free, elected, err := s.store.Elect(s.ctx, "verification") // no process does a run meanwhile
	if s.must(err); !elected {
		t.Fatal("somebody else verifies")
	}
	defer free()
	p := s.open(unhurried)
	ines := p.visit("ines.moreau")
	var tabs [2]*webForm
	for i := range tabs {
		page, err := ines.get(p.ctx, "/audit")
		s.must(err)
		tabs[i], err = page.form("/audit/verify")
		s.must(err)
	}
	for i, want := range []string{"The verification was asked for", "A verification is under way already, and no second one was begun", "The verification was asked for"} {
		form := tabs[i%2] // the third is the first form once more, as a double click sends it
		page, err := form.send(p.ctx)
		s.must(err)
		if i < 2 && !strings.Contains(page.reading(), want) {
			t.Errorf("tab %d is told %s, want %q", i+1, page.reading(), want)
		}
	}
	if n := s.column("SELECT count(*)::text FROM verification")[0]; n != "1" {
		t.Errorf("%s runs were asked for", n)
	}
	p.says(ines, "/audit", "A verification is under way")
	s.clock.Advance(10 * time.Minute)
	p.says(ines, "/audit", "The run has said nothing for 10 min", "Nothing was found or cleared yet")
}
