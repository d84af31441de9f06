package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"golang.org/x/time/rate"

	"lerd/internal/fault"
)

// Limits are how much one client may ask of one process. The zero value takes
// the defaults; a negative rate switches a limiter off, for load tests.
type Limits struct {
	PerIP        float64 // requests a second, 20 by default
	BurstIP      int     // 200 by default: an agency may sit behind one address
	PerIPLog     float64 // requests a second for the public log, 200 by default: a verifier reads thousands of tiles
	BurstIPLog   int     // 2000 by default
	PerSession   float64 // requests a second, 5 by default
	BurstSession int     // 60 by default
}

// limiters count per process; budgets that must hold over replicas belong to
// the domain.
type limiters struct{ ip, log, session, codes middleware.RateLimiterStore }

func newLimiters(l Limits) *limiters {
	return &limiters{ip: store(l.PerIP, 20, l.BurstIP, 200), log: store(l.PerIPLog, 200, l.BurstIPLog, 2000),
		session: store(l.PerSession, 5, l.BurstSession, 60), codes: store(min(l.PerIP, 0), 0.1, 0, 20)}
}

func store(perSecond, defPerSecond float64, burst, defBurst int) middleware.RateLimiterStore {
	if perSecond < 0 {
		return nil
	}
	if perSecond == 0 {
		perSecond = defPerSecond
	}
	if burst == 0 {
		burst = defBurst
	}
	return middleware.NewRateLimiterMemoryStoreWithConfig(middleware.RateLimiterMemoryStoreConfig{
		Rate: rate.Limit(perSecond), Burst: burst, ExpiresIn: 3 * time.Minute,
	})
}

// rateByIP limits one address; of IPv6 it takes the network of 64 bits, which
// one customer has whole. Static files and health checks are not counted.
func (s *Server) rateByIP(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		bucket := s.limits.ip
		switch ec.Path() {
		case "/static/*", "/healthz", "/readyz":
			return next(ec)
		case "/log/*":
			bucket = s.limits.log
		}
		if err := s.spend(ec.(*Ctx), bucket, network(ec.RealIP())); err != nil {
			return err
		}
		if ec.Request().Method == http.MethodPost && within(ec.Path(), "/confirm-order") { // whoever has a letter types its code once or twice
			if err := s.spend(ec.(*Ctx), s.limits.codes, network(ec.RealIP())); err != nil {
				return err
			}
		}
		return next(ec)
	}
}

// rateBySession limits one session, wherever it comes from.
func (s *Server) rateBySession(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		c := ec.(*Ctx)
		if _, ok := c.Actor(); !ok {
			return next(c)
		}
		sum := sha256.Sum256([]byte(c.token()))
		if err := s.spend(c, s.limits.session, hex.EncodeToString(sum[:16])); err != nil {
			return err
		}
		return next(c)
	}
}

func (s *Server) spend(c *Ctx, store middleware.RateLimiterStore, who string) error {
	if store == nil {
		return nil
	}
	ok, err := store.Allow(who)
	if err != nil {
		return fault.Because(fault.Unavailable, err, "%s", c.T("error.unavailable.text"))
	}
	if !ok {
		c.Response().Header().Set("Retry-After", "10")
		return fault.New(fault.TooMany, "%s", c.T("error.too_many.text"))
	}
	return nil
}

// network gives the part of an address that stands for one client.
func network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}
