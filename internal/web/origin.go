package web

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"lerd/internal/fault"
)

// origin is how browsers reach lerd.
type origin struct {
	secure bool
	host   string // host[:port], lower case, without the scheme's default port
}

// parseOrigin takes https://host[:port], or http on a loopback name. Browsers
// say where a form comes from only on such origins, and lerd relies on it.
func parseOrigin(raw string) (origin, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return origin{}, fault.New(fault.Invalid, "web: the public origin must look like https://requests.example.org")
	}
	switch {
	case u.Scheme == "https":
		return origin{secure: true, host: strings.ToLower(strings.TrimSuffix(u.Host, ":443"))}, nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return origin{host: strings.ToLower(strings.TrimSuffix(u.Host, ":80"))}, nil
	}
	return origin{}, fault.New(fault.Invalid, "web: the public origin must be https; plain http is for a loopback address only")
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") || strings.HasSuffix(strings.ToLower(host), ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// ours tells whether a Host header names this server: the public origin, or in
// evaluation any loopback name.
func (o origin) ours(host string) bool {
	host = strings.ToLower(host)
	if o.secure {
		return strings.TrimSuffix(host, ":443") == o.host
	}
	if strings.TrimSuffix(host, ":80") == o.host {
		return true
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	return loopback(name)
}

// hostOnly answers for our own name only, so that no cache, link or script can
// be made to believe another. Health checks come by address and are let through.
func (s *Server) hostOnly(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		p := ec.Request().URL.Path
		if s.origin.ours(ec.Request().Host) || p == "/healthz" || p == "/readyz" {
			return next(ec)
		}
		return echo.NewHTTPError(http.StatusMisdirectedRequest)
	}
}

// refuseForeign refuses state-changing requests that another site's page makes.
// SPEC: OWASP ASVS 5.0 V3.5.1; Sec-Fetch-Site and Origin by net/http.
func (s *Server) refuseForeign(next echo.HandlerFunc) echo.HandlerFunc {
	guard := http.NewCrossOriginProtection()
	return func(ec echo.Context) error {
		if err := guard.Check(ec.Request()); err != nil {
			return echo.NewHTTPError(http.StatusForbidden).SetInternal(err)
		}
		return next(ec)
	}
}

// ipExtractor names the client's address: the peer's own, unless a proxy that
// the operator named stands in front.
func ipExtractor(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	opts := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range trusted {
		_, n, err := net.ParseCIDR(p.Masked().String())
		if err == nil {
			opts = append(opts, echo.TrustIPRange(n))
		}
	}
	return echo.ExtractIPFromXFFHeader(opts...)
}

// base gives the origin as an address without a final slash.
func (o origin) base() string {
	if o.secure {
		return "https://" + o.host
	}
	return "http://" + o.host
}
