package jobs

import (
	"cmp"
	"context"
	"crypto/x509"

	"lerd/internal/export"
	"lerd/internal/export/cms"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// recipients are those who can open a bundle, and the form in which they do.
type recipients struct {
	form  identity.DeliveryProfile
	certs []*x509.Certificate
	age   []string
}

// cms gives the form's name in the package that encrypts; "" for age.
func (r recipients) cms() cms.Profile {
	return map[identity.DeliveryProfile]cms.Profile{identity.DeliverGCM: cms.GCM, identity.DeliverCBC: cms.CBC}[r.form]
}

// recipients gives everybody whom the agency has named. The form that was
// settled when the export began stays, so that what goes on after a stop goes on
// as it was. Keys on file that cannot be used hold the bundle back (fault.Gate).
func (x *Exporter) recipients(ctx context.Context, a identity.Agency, rel requests.Release) (to recipients, err error) {
	var f identity.DeliveryForm
	if x.Forms != nil {
		if f, err = x.Forms(ctx, a.ID); err != nil {
			return to, err
		}
	}
	to.form = cmp.Or(rel.Profile, f.Profile, identity.DeliverGCM)
	if to.form == identity.DeliverAge {
		to.age = f.Age
		return to, export.CheckAge(f.Age)
	}
	pem := string(a.CertPEM) + "\n" + string(f.CertsPEM)
	to.certs, err = export.Recipients([]byte(pem), x.Maker.Now())
	return to, err
}
