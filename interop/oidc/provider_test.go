package oidc

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/passkey"
	"lerd/internal/identity/provider"
)

// kept is a store in memory which knows one link.
type kept struct {
	mu         sync.Mutex
	ceremonies map[string]passkey.Ceremony
	issuer     string
	subject    string
}

func (k *kept) PutCeremony(_ context.Context, c passkey.Ceremony) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ceremonies[c.ID] = c
	return nil
}

func (k *kept) TakeCeremony(_ context.Context, id string) (passkey.Ceremony, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.ceremonies[id]
	delete(k.ceremonies, id)
	if !ok {
		return c, fault.New(fault.NotFound, "There is nothing here.")
	}
	return c, nil
}

func (k *kept) ProviderAccount(_ context.Context, issuer, subject string) (identity.ProviderAccount, error) {
	if issuer != k.issuer || subject != k.subject {
		return identity.ProviderAccount{}, fault.New(fault.NotFound, "There is nothing here.")
	}
	return identity.ProviderAccount{Person: "ada"}, nil
}

// redirect is where the provider sends browsers back to; nobody listens there.
const redirect = "http://localhost:9/sign-in/provider/back"

// open starts the provider and a sign-in service for it.
func open(t *testing.T) (*provider.Service, *kept) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	issuer := "http://" + server.Listener.Addr().String() + "/"
	storage.RegisterClients(storage.WebClient("lerd", "a secret", redirect))
	handler := exampleop.SetupServer(issuer, storage.NewStorage(storage.NewUserStore(issuer)), slog.New(slog.DiscardHandler), false, op.WithAllowInsecure())
	server.Config.Handler = handler
	server.Start()
	t.Cleanup(server.Close)
	k := &kept{ceremonies: map[string]passkey.Ceremony{}, issuer: issuer, subject: "id1"}
	return provider.New(provider.Config{Store: k, Issuer: issuer, ClientID: "lerd", ClientSecret: "a secret", Redirect: redirect, Now: time.Now}), k
}

var hidden = regexp.MustCompile(`name="id" value="([^"]+)"`)

// walk goes the way of a browser at the provider: its page, its form, and back.
func walk(t *testing.T, address, user string) provider.Answer {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var back *url.URL
	client := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), redirect) {
			back = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	resp, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	m := hidden.FindSubmatch(body)
	if err != nil || m == nil {
		t.Fatalf("no form to sign in: %v %d %s", err, resp.StatusCode, body)
	}
	at := *resp.Request.URL
	at.RawQuery = ""
	resp, err = client.PostForm(at.String(), url.Values{"id": {string(m[1])}, "username": {user}, "password": {"verysecure"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if back == nil {
		t.Fatalf("the provider does not lead back: %d", resp.StatusCode)
	}
	q := back.Query()
	return provider.Answer{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss")}
}

func TestSignInAtAProviderOfOthers(t *testing.T) {
	s, k := open(t)
	ctx := context.Background()
	begin := func(browser string) string {
		t.Helper()
		address, err := s.Begin(ctx, browser)
		if err != nil {
			t.Fatal(err)
		}
		return address
	}
	begun := time.Now()
	answer := walk(t, begin("b"), "test-user@127.0.0.1")
	who, err := s.Finish(ctx, "b", answer)
	if err != nil || who != "ada" {
		t.Fatalf("%q %v", who, err)
	}
	t.Logf("signed in within %s", time.Since(begun).Round(time.Millisecond))
	if _, err := s.Finish(ctx, "b", answer); fault.KindOf(err) != fault.SignIn {
		t.Errorf("the same answer again: %v", err)
	}
	if _, err := s.Finish(ctx, "other", walk(t, begin("b"), "test-user@127.0.0.1")); fault.KindOf(err) != fault.SignIn {
		t.Errorf("another browser: %v", err)
	}
	if _, err := s.Finish(ctx, "b", walk(t, begin("b"), "test-user2")); fault.KindOf(err) != fault.SignIn {
		t.Errorf("somebody who is not linked: %v", err)
	}
	// A code that was stolen on the way serves nobody: its verifier is ours.
	stolen := walk(t, begin("b"), "test-user@127.0.0.1")
	mine := walk(t, begin("thief"), "test-user2")
	if _, err := s.Finish(ctx, "thief", provider.Answer{State: mine.State, Code: stolen.Code, Issuer: mine.Issuer}); fault.KindOf(err) != fault.SignIn {
		t.Errorf("a stolen code in a sign-in of one's own: %v", err)
	}
	k.subject = "nobody"
	if _, err := s.Finish(ctx, "b", walk(t, begin("b"), "test-user@127.0.0.1")); fault.KindOf(err) != fault.SignIn {
		t.Errorf("without a link: %v", err)
	}
}
