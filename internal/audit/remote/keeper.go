package remote

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
)

// Keeper keeps the last signed checkpoint at a URL, on a machine that whoever
// restores lerd's database and data folder does not restore with them. It is an
// audit.Keeper. The server must honour conditional requests: GET with a strong
// ETag, PUT with If-Match and If-None-Match, and 412 (or 409) where the condition
// fails. That is asked of it with the first write, and one that does not is
// refused. Safe for concurrent use; make no copies.
// SPEC: RFC 9110 §13.
type Keeper struct {
	URL    string
	Token  string           // sent as a bearer token, if not empty
	Client *http.Client     // with a time limit; it should not follow redirects
	Fresh  time.Duration    // how long what was read is taken for what is there; writing compares anyway
	Now    func() time.Time // needed with Fresh

	mu     sync.Mutex
	seen   *version
	at     time.Time
	honest bool // the server has refused a write with a wrong condition
}

// version is what is at the URL; a nil body means that nothing is there.
type version struct {
	body []byte
	etag string
}

// Load gives the last signed checkpoint, nil if nothing is there.
func (k *Keeper) Load() (note []byte, err error) {
	defer fault.Wrap(&err, "keeper.Load")
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seen != nil && k.Fresh > 0 && k.Now().Sub(k.at) < k.Fresh {
		return bytes.Clone(k.seen.body), nil
	}
	v, err := k.get()
	if err != nil {
		return nil, err
	}
	return bytes.Clone(v.body), nil
}

// Replace puts next in the place of old, if old is still there.
func (k *Keeper) Replace(old, next []byte) (err error) {
	defer fault.Wrap(&err, "keeper.Replace")
	if len(next) == 0 {
		return fault.New(fault.Invalid, "there is no checkpoint to keep")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	v := k.seen
	if v == nil || !same(v.body, old) {
		if v, err = k.get(); err != nil {
			return err
		}
		if !same(v.body, old) {
			return conflict()
		}
	}
	k.seen = nil // until the server has answered, anything may be there
	condition, value := "If-Match", v.etag
	if v.body == nil {
		condition, value = "If-None-Match", "*"
	}
	if err := k.put(next, condition, value); err != nil {
		return err
	}
	return k.probe(next)
}

// probe asks once whether the server honours conditions: what is there already
// is sent again under one that cannot hold.
func (k *Keeper) probe(now []byte) error {
	if k.honest {
		return nil
	}
	err := k.put(now, "If-Match", `"not-any-version-of-this"`)
	switch {
	case fault.KindOf(err) == fault.Conflict:
		k.honest = true
		return nil
	case err == nil:
		return fault.New(fault.Invalid, "The server of keeper.url overwrites whatever the condition says (If-Match): two processes could each keep a checkpoint and lose the other's. Use one that honours conditional requests.")
	}
	return err
}

func same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

func conflict() error {
	return fault.New(fault.Conflict, "another process has signed a checkpoint since this one was read")
}

func (k *Keeper) get() (*version, error) {
	resp, err := k.do(http.MethodGet, nil, "", "")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	v := &version{etag: resp.Header.Get("ETag")}
	switch resp.StatusCode {
	case http.StatusNotFound:
		v.etag = ""
	case http.StatusOK:
		if v.body, err = audit.ReadLimited(resp.Body, "the checkpoint at keeper.url", audit.MaxNote, resp.ContentLength); err != nil {
			return nil, fault.Because(fault.Unavailable, err, "What is at keeper.url cannot be read to its end.")
		}
		if v.body == nil {
			v.body = []byte{}
		}
		if !strings.HasPrefix(v.etag, `"`) || len(v.etag) < 3 {
			return nil, fault.New(fault.Invalid, "The server of keeper.url gives no strong ETag, without which a checkpoint cannot be replaced safely.")
		}
	default:
		return nil, fault.New(fault.Unavailable, "The server of keeper.url answered a GET with status %d.", resp.StatusCode)
	}
	if k.Now != nil {
		k.at = k.Now()
	}
	k.seen = v
	return v, nil
}

func (k *Keeper) put(body []byte, condition, value string) error {
	resp, err := k.do(http.MethodPut, body, condition, value)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, audit.MaxNote))
	switch resp.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent:
		return nil
	case http.StatusPreconditionFailed, http.StatusConflict:
		return conflict()
	}
	return fault.New(fault.Unavailable, "The server of keeper.url answered a PUT with status %d.", resp.StatusCode)
}

func (k *Keeper) do(method string, body []byte, condition, value string) (*http.Response, error) {
	req, err := http.NewRequest(method, k.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "keeper.url is no address.")
	}
	if condition != "" {
		req.Header.Set(condition, value)
		req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	if k.Token != "" {
		req.Header.Set("Authorization", "Bearer "+k.Token)
	}
	resp, err := k.Client.Do(req)
	if err != nil {
		return nil, fault.Because(fault.Unavailable, err, "The server of keeper.url is out of reach.")
	}
	return resp, nil
}
