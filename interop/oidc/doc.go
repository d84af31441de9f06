// Package oidc signs in at an OpenID provider that others wrote, over loopback.
package oidc
