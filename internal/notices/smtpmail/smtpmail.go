// Package smtpmail says to people, by mail, that there is something new on the
// portal. Every letter is the same: it has no place for anything else.
//
// Invariants:
//   - a connection is encrypted and the server's certificate verified, unless the
//     server is on this very machine and plain text was chosen;
//   - a letter says nothing of who, what or when.
package smtpmail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/textproto"
	"time"

	"github.com/wneessen/go-mail"

	"lerd/internal/fault"
)

// Config is how the mail server is reached.
type Config struct {
	Host, From     string
	Port           int
	User, Password string // empty: no sign-in
	Implicit       bool   // TLS from the first byte (port 465); else STARTTLS, which must succeed
	Plain          bool   // no TLS: for a server on a loopback address alone
	Origin         string // of the portal, as it stands in the letter
	Roots          *x509.CertPool
	Now            func() time.Time
}

// Sender sends letters; it is safe for use by one goroutine at a time.
type Sender struct{ c Config }

// New checks the settings.
func New(c Config) (*Sender, error) {
	if ip := net.ParseIP(c.Host); c.Plain && c.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fault.New(fault.Invalid, "Mail without TLS is for a server on this machine alone.")
	}
	s := &Sender{c}
	if _, err := s.letter(c.From); err != nil {
		return nil, fault.Because(fault.Invalid, err, "The sender's address for notices cannot be used.")
	}
	return s, nil
}

// letter is the one text that there is.
func (s *Sender) letter(to string) (*mail.Msg, error) {
	m := mail.NewMsg()
	if err := m.From(s.c.From); err != nil {
		return nil, err
	}
	if err := m.To(to); err != nil {
		return nil, err
	}
	m.Subject("There is something new on the portal")
	m.SetDateWithValue(s.c.Now().UTC())
	m.SetMessageID()
	m.SetBodyString(mail.TypeTextPlain, "There is something new for you on the portal:\r\n\r\n"+s.c.Origin+"\r\n\r\n"+
		"Please type this address yourself. We never ask you by mail to follow a link, to sign in or to call a number.\r\n")
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	return m, nil
}

// Send sends the letter to one address. An address or a refusal that will not
// change is fault.Invalid, everything else fault.Unavailable.
func (s *Sender) Send(ctx context.Context, address string) error {
	m, err := s.letter(address)
	if err != nil {
		return fault.Because(fault.Invalid, err, "The address cannot be used.")
	}
	client, err := mail.NewClient(s.c.Host, s.options()...)
	if err != nil {
		return fault.Because(fault.Unavailable, err, "The mail server's settings cannot be used.")
	}
	if err := client.DialAndSendWithContext(ctx, m); err != nil {
		if permanent(err) {
			return fault.Because(fault.Invalid, err, "The mail server refuses this address for good.")
		}
		return fault.Because(fault.Unavailable, err, "The mail server cannot be reached, or puts us off.")
	}
	return nil
}

func (s *Sender) options() []mail.Option {
	out := []mail.Option{mail.WithPort(s.c.Port), mail.WithTimeout(20 * time.Second), mail.WithTLSPolicy(mail.TLSMandatory),
		mail.WithTLSConfig(&tls.Config{ServerName: s.c.Host, RootCAs: s.c.Roots, MinVersion: tls.VersionTLS12})}
	switch {
	case s.c.Plain:
		out = append(out, mail.WithTLSPolicy(mail.NoTLS))
	case s.c.Implicit:
		out = append(out, mail.WithSSL())
	}
	if s.c.User != "" {
		out = append(out, mail.WithSMTPAuth(mail.SMTPAuthPlain), mail.WithUsername(s.c.User), mail.WithPassword(s.c.Password))
	}
	return out
}

// permanent tells whether the server said that trying again is of no use.
// SPEC: RFC 5321 §4.2.1 (5yz).
func permanent(err error) bool {
	var send *mail.SendError
	if errors.As(err, &send) {
		return !send.IsTemp() && send.ErrorCode() >= 500
	}
	var reply *textproto.Error
	return errors.As(err, &reply) && reply.Code >= 500
}
