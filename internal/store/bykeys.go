package store

import "gorm.io/gorm"

// byKeys keeps the planner of a transaction to indexes, one row after the other: a page
// has few lines, and what it guesses of their number grows with the database, until it
// reads a whole table to be ready for them. Where there is no index for a condition it
// changes nothing.
func byKeys(tx *gorm.DB) error {
	return tx.Exec("SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true)").Error
}

// planAnew has each query of a transaction planned for the values that it is asked with. A
// plan for any value takes one as frequent as all are on average, and looks for a rare
// one by reading the whole log backwards.
func planAnew(tx *gorm.DB) error {
	return tx.Exec("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)").Error
}

// inOrder is byKeys for queries that want the last few of many, for which the index has
// the order already: it keeps the planner from fetching all of them to sort them.
func inOrder(tx *gorm.DB) error {
	if err := byKeys(tx); err != nil {
		return err
	}
	return tx.Exec("SELECT set_config('enable_bitmapscan', 'off', true)").Error
}
