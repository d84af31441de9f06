package main

import (
	"net/mail"
	"strconv"
	"time"

	"lerd/internal/notices/smtpmail"
)

// mailConfig is where letters go out that say "there is something new". Without
// a host none do.
type mailConfig struct {
	Host     string `yaml:"host" env:"LERD_MAIL_HOST"`
	Port     string `yaml:"port" env:"LERD_MAIL_PORT"` // default 587, or 465 with tls: implicit
	From     string `yaml:"from" env:"LERD_MAIL_FROM"`
	User     string `yaml:"user" env:"LERD_MAIL_USER"`
	Password string `yaml:"password" env:"LERD_MAIL_PASSWORD"`
	TLS      string `yaml:"tls" env:"LERD_MAIL_TLS"` // starttls (default), implicit, or none on a loopback address
}

func (m mailConfig) port() int {
	if n, err := strconv.Atoi(m.Port); err == nil {
		return n
	}
	if m.TLS == "implicit" {
		return 465
	}
	return 587
}

// checkMail looks at the settings of mail, if there are any.
func (c *config) checkMail(fail func(field, format string, args ...any)) {
	m := c.Mail
	if m.Host == "" {
		if m.From+m.User+m.Password != "" {
			fail("mail.host", "name the mail server, or leave all of mail out")
		}
		return
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		fail("mail.from", "give the address from which notices come, for example portal@platform.example")
	}
	if n, err := strconv.Atoi(m.Port); m.Port != "" && (err != nil || n < 1 || n > 65535) {
		fail("mail.port", "give a port from 1 to 65535")
	}
	switch m.TLS {
	case "", "starttls", "implicit":
	case "none":
		if !loopback(m.Host) {
			fail("mail.tls", "mail without TLS is for a server on a loopback address alone")
		}
	default:
		fail("mail.tls", "choose starttls, implicit, or none")
	}
}

// sender gives what sends letters, or nil where no mail is configured.
func (m mailConfig) sender(origin string, now func() time.Time) (*smtpmail.Sender, error) {
	if m.Host == "" {
		return nil, nil
	}
	return smtpmail.New(smtpmail.Config{Host: m.Host, Port: m.port(), From: m.From, User: m.User, Password: m.Password,
		Implicit: m.TLS == "implicit", Plain: m.TLS == "none", Origin: origin, Now: now})
}
