package fault_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"lerd/internal/fault"
)

func TestEveryKindHasItsStatus(t *testing.T) {
	for kind, want := range map[fault.Kind]int{
		fault.Internal: 500, fault.Invalid: 422, fault.NotFound: 404, fault.Conflict: 409,
		fault.TooLarge: 413, fault.Unsupported: 415, fault.SignIn: 401, fault.Unavailable: 503,
		fault.TooMany: 429, fault.Gate: 409,
	} {
		if got := fault.Status(fault.New(kind, "x")); got != want {
			t.Errorf("Status(%s) = %d, want %d", kind, got, want)
		}
	}
}

func TestUnknownErrorsStayInside(t *testing.T) {
	err := fmt.Errorf("dial tcp: password=hunter2")
	if got := fault.Status(err); got != http.StatusInternalServerError {
		t.Errorf("Status = %d, want 500", got)
	}
	if msg := fault.Message(err); strings.Contains(msg, "hunter2") {
		t.Errorf("Message leaks the cause: %q", msg)
	}
	wrapped := fault.Because(fault.Internal, err, "secret detail")
	if msg := fault.Message(wrapped); strings.Contains(msg, "secret") {
		t.Errorf("an Internal error's message must not leave: %q", msg)
	}
}

func TestWrapKeepsKindAndProblems(t *testing.T) {
	f := func() (err error) {
		defer fault.Wrap(&err, "submit(%s)", "r-1")
		return fault.Fields([]fault.Problem{{Field: "order_number", Message: "Give the order's number."}})
	}
	err := f()
	if fault.KindOf(err) != fault.Invalid || len(fault.ProblemsOf(err)) != 1 {
		t.Fatalf("kind and problems were lost: %v", err)
	}
	if !strings.HasPrefix(err.Error(), "submit(r-1): ") {
		t.Errorf("operation is missing: %v", err)
	}
	if fault.Fields(nil) != nil {
		t.Error("no problems must be no error")
	}
	if !errors.Is(fault.Because(fault.Conflict, errors.ErrUnsupported, "x"), errors.ErrUnsupported) {
		t.Error("the cause must stay reachable")
	}
}
