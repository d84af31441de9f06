package columns

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// TestCallingCodesAreThoseOfThePlan holds the list against that of libphonenumber,
// and sees that no code is the beginning of another.
func TestCallingCodesAreThoseOfThePlan(t *testing.T) {
	known := phonenumbers.GetSupportedCallingCodes()
	for code := range known {
		if got := CallingCode(fmt.Sprintf("+%d5550123", code)); got != fmt.Sprint(code) {
			t.Errorf("a number of %d is taken for one of %q", code, got)
		}
	}
	codes := append(strings.Fields(callingCodes), "1", "7")
	for _, a := range codes {
		for _, b := range codes {
			if a != b && strings.HasPrefix(b, a) {
				t.Errorf("%s is the beginning of %s", a, b)
			}
		}
	}
	for _, none := range []string{"", "+", "49301", "+2105550123", "+999123"} {
		if got := CallingCode(none); got != "" {
			t.Errorf("%q has the code %q", none, got)
		}
	}
}
