package store

import "gorm.io/gorm"

// byKeys keeps the planner of a transaction to indexes, one row after the other: a page
// has few lines, and what it guesses of their number grows with the database, until it
// reads a whole table to be ready for them, or sorts all rows of an agency for the last
// few. Where there is no index for a condition it changes nothing.
func byKeys(tx *gorm.DB) error {
	return tx.Exec(`SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
		set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`).Error
}
