package httpsig

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxField bounds what is parsed, in bytes.
const maxField = 4096

// input is what Signature-Input says.
type input struct {
	components []string
	params     string // as it came, from the opening bracket
	created    time.Time
	keyID      string
	nonce      string
	alg        string
}

func (in input) covers(component string) bool { return slices.Contains(in.components, component) }

var (
	inputShape     = regexp.MustCompile(`^([a-z*][a-z0-9_.*-]{0,63})=(\(((?:"[a-z@][a-z0-9-]{0,63}"(?:;req)?)(?: "[a-z@][a-z0-9-]{0,63}"(?:;req)?)*)\)((?:;[a-z]+=(?:[0-9]{1,12}|"[A-Za-z0-9+/=._:~ -]{1,256}"))*))$`)
	signatureShape = regexp.MustCompile(`^([a-z*][a-z0-9_.*-]{0,63})=:([A-Za-z0-9+/=]{86,128}):$`)
)

// signatureOf reads the one signature of a message. SPEC: RFC 9421 §4. Members
// more than one, and forms that this reader does not know, are refused.
func signatureOf(h http.Header) (in input, signature []byte, err error) {
	inputs, signatures := h.Values("Signature-Input"), h.Values("Signature")
	if len(inputs) != 1 || len(signatures) != 1 || len(inputs[0]) > maxField || len(signatures[0]) > maxField {
		return in, nil, fmt.Errorf("there is not exactly one signature")
	}
	said, made := inputShape.FindStringSubmatch(inputs[0]), signatureShape.FindStringSubmatch(signatures[0])
	if said == nil || made == nil || said[1] != made[1] {
		return in, nil, fmt.Errorf("the signature has a form that is not read here")
	}
	if signature, err = base64.StdEncoding.DecodeString(made[2]); err != nil {
		return in, nil, err
	}
	in.params, in.components = said[2], strings.Split(said[3], " ")
	return in, signature, in.read(said[4])
}

// read takes the parameters; each is there once at most, created and keyid are.
func (in *input) read(params string) error {
	seen := map[string]bool{}
	for _, p := range strings.Split(params, ";")[1:] {
		name, value, _ := strings.Cut(p, "=")
		if seen[name] {
			return fmt.Errorf("%s is there twice", name)
		}
		seen[name] = true
		text, quoted := strings.CutPrefix(value, `"`)
		text = strings.TrimSuffix(text, `"`)
		switch {
		case name == "created" && !quoted:
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return err
			}
			in.created = time.Unix(n, 0)
		case name == "keyid" && quoted:
			in.keyID = text
		case name == "nonce" && quoted:
			in.nonce = text
		case name == "alg" && quoted:
			in.alg = text
		default:
			return fmt.Errorf("the parameter %s is not known here", name)
		}
	}
	if in.keyID == "" || in.created.IsZero() {
		return fmt.Errorf("keyid and created are missing")
	}
	return nil
}

// derivedOfAddress gives the components that are parts of the address.
func derivedOfAddress(m *Message, field string) (string, error) {
	u, err := url.Parse(m.Target)
	if err != nil || m.Target == "" {
		return "", fmt.Errorf("%s: there is no address", field)
	}
	switch field {
	case "@authority":
		return strings.ToLower(u.Host), nil
	case "@path":
		return cmpOr(u.EscapedPath(), "/"), nil
	case "@query":
		return "?" + u.RawQuery, nil
	}
	return "", fmt.Errorf("%s is no component that is known here", field)
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
