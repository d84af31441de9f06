package identity

import (
	"time"

	"lerd/internal/audit"
)

// ProviderAccount links one of the platform's own people to their account at the
// company's OpenID provider. Nobody comes into being by signing in there.
type ProviderAccount struct {
	ID        string
	Person    PersonID
	Issuer    string // the provider's issuer identifier
	Subject   string // its name for the person, which never changes
	LinkedBy  PersonID
	LinkedAt  time.Time
	RemovedAt time.Time // zero while it counts
	Version   int64
	EventID   audit.EventID
}
