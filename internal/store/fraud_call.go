package store

import (
	"gorm.io/gorm"

	"lerd/internal/requests"
)

// loadCallBack tells what a call to the agency about the case gave; one denial
// outweighs what was said before and after it.
func loadCallBack(tx *gorm.DB, c *requests.Case) error {
	return tx.Raw(`SELECT coalesce(max(CASE outcome WHEN 'denied' THEN 'denied' WHEN 'confirmed' THEN 'confirmed' END), '') FROM call_back
		WHERE subject_kind = 'request' AND subject_id = ? AND outcome IN ('confirmed', 'denied')`, string(c.Request.ID)).Scan(&c.CallBack).Error
}
