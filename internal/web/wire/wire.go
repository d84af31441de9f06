// Package wire refuses HTTP/1 requests whose end or whose addressee two
// programs could read differently, before net/http parses them: it alone
// accepts some of them.
//
// Invariants:
//   - no byte of a request head reaches net/http before the whole head was
//     checked, on every request of a connection, pipelined ones included;
//   - a body ends where the checked head says: the guard counts it too;
//   - after a refusal nothing of the connection's later bytes is ever served;
//   - what a handler sees carries one of the configured hosts.
//
// It speaks HTTP/1.0 and 1.1. A listener that ends TLS goes inside: Guard(tls
// listener), with HTTP/2 not offered.
package wire

import (
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
)

// Options are the limits of a server. A zero duration or size takes the
// default in brackets.
type Options struct {
	// Hosts are the public names, as "host" (any port) or "host:port". A
	// request for another host is answered 421; with none, every request is.
	Hosts []string
	// AnyHostPaths are exact paths that are served whatever the host, for the
	// probes of a load balancer.
	AnyHostPaths []string
	Log          *slog.Logger // nil: silent. It gets the reason of a refusal, never the bytes.

	MaxHead           int           // bytes of a request head (32 KiB)
	MaxConnections    int           // at a time (4096)
	ReadHeaderTimeout time.Duration // for the first head of a connection (10 s)
	ReadTimeout       time.Duration // for head and body (5 min: a large upload over a slow line)
	WriteTimeout      time.Duration // for the answer (10 min: a large download)
	IdleTimeout       time.Duration // until a further head is complete (60 s)
}

func (o Options) complete() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.MaxHead = orElse(o.MaxHead, 32<<10)
	o.MaxConnections = orElse(o.MaxConnections, 4096)
	o.ReadHeaderTimeout = orElse(o.ReadHeaderTimeout, 10*time.Second)
	o.ReadTimeout = orElse(o.ReadTimeout, 5*time.Minute)
	o.WriteTimeout = orElse(o.WriteTimeout, 10*time.Minute)
	o.IdleTimeout = orElse(o.IdleTimeout, time.Minute)
	return o
}

func orElse[T ~int | ~int64](v, other T) T {
	if v <= 0 {
		return other
	}
	return v
}

// Guard gives a listener whose connections are checked.
func Guard(l net.Listener, o Options) net.Listener {
	o = o.complete()
	return &listener{Listener: netutil.LimitListener(l, o.MaxConnections), o: o}
}

// Server gives a server with limits, for a guarded listener:
//
//	wire.Server(handler, o).Serve(wire.Guard(l, o))
func Server(h http.Handler, o Options) *http.Server {
	o = o.complete()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           onlyHosts(h, o),
		Protocols:         protocols,
		MaxHeaderBytes:    o.MaxHead,
		ReadHeaderTimeout: o.ReadHeaderTimeout,
		ReadTimeout:       o.ReadTimeout,
		WriteTimeout:      o.WriteTimeout,
		IdleTimeout:       o.IdleTimeout,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
}

// onlyHosts answers 421 to a request that is for somebody else.
// SPEC: RFC 9110 §15.5.20.
func onlyHosts(h http.Handler, o Options) http.Handler {
	anyHost := map[string]bool{}
	for _, p := range o.AnyHostPaths {
		anyHost[p] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !anyHost[r.URL.Path] && !ours(o.Hosts, r.Host) {
			o.Log.Warn("request refused", "reason", "host is not one of the configured ones")
			w.Header().Set("Connection", "close")
			http.Error(w, "This server does not answer for that host.", http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(w, r)
	})
}

type listener struct {
	net.Listener
	o Options
}

// Accept gives a checked connection.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, maxHead: l.o.MaxHead, log: l.o.Log}, nil
}
