// Package templates embeds everything a person reads: the pages with their
// layout and partials, the static files, and the message catalogues.
//
// Invariants:
//   - it holds files only; what fills them lives in internal/web;
//   - no page holds an inline script or style, so that the content security
//     policy can refuse both.
package templates

import "embed"

// FS holds layout.html, pages/, partials/, static/, messages/ and letters/.
//
//go:embed layout.html pages partials static messages letters
var FS embed.FS
