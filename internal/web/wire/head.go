package wire

import (
	"bytes"
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"
)

// framing is how the body of a request ends.
type framing struct {
	length  int64 // bytes of the body when it is not chunked
	chunked bool
}

// The reasons of a refusal; they go to the log and name no content.
var (
	errLineEnd     = errors.New("a line of the head ends without carriage return and line feed")
	errRequestLine = errors.New("malformed request line")
	errVersion     = errors.New("not HTTP/1.0 or HTTP/1.1")
	errTarget      = errors.New("malformed request target")
	errForeign     = errors.New("absolute request target for another host than the Host field")
	errFold        = errors.New("folded header line")
	errField       = errors.New("malformed header field")
	errHost        = errors.New("not exactly one valid Host field")
	errLength      = errors.New("more than one Content-Length, or a malformed one")
	errCoding      = errors.New("Transfer-Encoding other than one chunked")
	errBoth        = errors.New("both Content-Length and Transfer-Encoding")
	errTooLong     = errors.New("head over the limit")
	errChunk       = errors.New("malformed chunk")
)

// checkHead checks a whole request head, final empty line included, and gives
// the framing of the body that follows. It accepts less than the standard
// requires of a server only where the standard allows a refusal.
func checkHead(head []byte) (framing, error) {
	lines, err := splitLines(head)
	if err != nil {
		return framing{}, err
	}
	target, old, err := checkRequestLine(lines[0])
	if err != nil {
		return framing{}, err
	}
	f, err := readFields(lines[1:])
	if err != nil {
		return framing{}, err
	}
	if err := checkHost(f.hosts, target, old); err != nil {
		return framing{}, err
	}
	return f.framing(old)
}

// splitLines cuts at CRLF and allows no CR, LF or NUL anywhere else.
// SPEC: RFC 9112 §2.2: a bare LF MAY be taken as a line end; it is not here.
func splitLines(head []byte) ([]string, error) {
	body, ok := bytes.CutSuffix(head, []byte("\r\n\r\n"))
	if !ok {
		return nil, errLineEnd
	}
	lines := strings.Split(string(body), "\r\n")
	for _, l := range lines {
		if strings.ContainsAny(l, "\r\n\x00") {
			return nil, errLineEnd
		}
	}
	return lines, nil
}

// checkRequestLine gives the target and whether the version is 1.0.
func checkRequestLine(line string) (target string, old bool, err error) {
	method, rest, ok1 := strings.Cut(line, " ")
	target, version, ok2 := strings.Cut(rest, " ")
	if !ok1 || !ok2 || !token(method) || method == "CONNECT" {
		return "", false, errRequestLine
	}
	if version != "HTTP/1.1" && version != "HTTP/1.0" {
		return "", false, errVersion
	}
	if !visible(target) || strings.Contains(target, "#") {
		return "", false, errTarget
	}
	return target, version == "HTTP/1.0", nil
}

// fields are the header fields that decide about framing and addressee.
type fields struct {
	hosts, lengths, codings []string
}

func readFields(lines []string) (fields, error) {
	var f fields
	for _, l := range lines {
		if l == "" || l[0] == ' ' || l[0] == '\t' {
			return f, errFold // SPEC: RFC 9112 §5.2: MUST reject or replace
		}
		name, value, ok := strings.Cut(l, ":")
		if !ok || !token(name) || !fieldValue(value) {
			return f, errField
		}
		value = strings.Trim(value, " \t")
		switch strings.ToLower(name) {
		case "host":
			f.hosts = append(f.hosts, value)
		case "content-length":
			f.lengths = append(f.lengths, value)
		case "transfer-encoding":
			f.codings = append(f.codings, value)
		}
	}
	return f, nil
}

// framing decides how the body ends. SPEC: RFC 9112 §6.1, §6.3.
func (f fields) framing(old bool) (framing, error) {
	switch {
	case len(f.codings) > 0 && len(f.lengths) > 0:
		return framing{}, errBoth
	case len(f.codings) > 0:
		if len(f.codings) > 1 || !strings.EqualFold(f.codings[0], "chunked") || old {
			return framing{}, errCoding
		}
		return framing{chunked: true}, nil
	case len(f.lengths) == 0:
		return framing{}, nil
	}
	if len(f.lengths) > 1 || !digits(f.lengths[0]) {
		return framing{}, errLength
	}
	n, err := strconv.ParseInt(f.lengths[0], 10, 64)
	if err != nil || n == math.MaxInt64 {
		return framing{}, errLength
	}
	return framing{length: n}, nil
}

// checkHost wants exactly one Host field (HTTP/1.0 may do without) and, with a
// target in absolute form, the same host in both. SPEC: RFC 9112 §3.2, §3.2.2.
func checkHost(hosts []string, target string, old bool) error {
	if len(hosts) > 1 || (len(hosts) == 0 && !old) {
		return errHost
	}
	host := ""
	if len(hosts) == 1 {
		host = hosts[0]
		if !validHost(host) {
			return errHost
		}
	}
	if strings.HasPrefix(target, "/") || target == "*" {
		return nil
	}
	u, err := url.Parse(target)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.Host == "" {
		return errTarget
	}
	if !strings.EqualFold(u.Host, host) {
		return errForeign
	}
	return nil
}

// validHost allows names, IPv4 and bracketed IPv6 addresses, and a port.
func validHost(h string) bool {
	if h == "" {
		return false
	}
	for _, c := range []byte(h) {
		if !alphanumeric(c) && !strings.ContainsRune(".-_:[]", rune(c)) {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// token is RFC 9110 §5.6.2.
func token(s string) bool {
	for _, c := range []byte(s) {
		if !alphanumeric(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// visible allows printing ASCII without space.
func visible(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return s != ""
}

// fieldValue allows no control character but the tab.
func fieldValue(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
