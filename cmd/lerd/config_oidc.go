package main

import "net/url"

// oidcConfig names the company's OpenID provider, by which staff may sign in.
type oidcConfig struct {
	Issuer       string `yaml:"issuer" env:"LERD_OIDC_ISSUER"` // as the provider writes it
	ClientID     string `yaml:"client_id" env:"LERD_OIDC_CLIENT_ID"`
	ClientSecret string `yaml:"client_secret" env:"LERD_OIDC_CLIENT_SECRET"`
}

// check wants all of it or nothing.
func (o oidcConfig) check(fail func(field, format string, args ...any)) {
	if o == (oidcConfig{}) {
		return
	}
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" || u.RawQuery+u.Fragment != "" || (u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname()))) {
		fail("oidc.issuer", "give the provider's issuer identifier, https://…; plain http is for loopback alone")
	}
	if o.ClientID == "" {
		fail("oidc.client_id", "must be set, as the provider knows lerd")
	}
}
