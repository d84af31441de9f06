-- What is looked up by its request, in tables that grow: without an index of its own
-- such a look-up reads the whole of an index that has the request in another place.

-- +goose Up

SET LOCAL ROLE lerd_owner;

CREATE INDEX release_by_request ON release (request_id);
CREATE INDEX release_item_by_request ON release_item (request_id);
CREATE INDEX user_notice_by_request ON user_notice (request_id);
CREATE INDEX gag_by_request ON gag (request_id);
CREATE INDEX gag_step_by_request ON gag_step (request_id);
CREATE INDEX risk_override_by_request ON risk_override (request_id);
CREATE INDEX risk_clearance_by_request ON risk_clearance (request_id);
CREATE INDEX fraud_case_by_request ON fraud_case (request_id);
CREATE INDEX amendment_item_by_request ON amendment_item (request_id);
CREATE INDEX known_forgery_by_request ON known_forgery (request_id);
CREATE INDEX draft_by_request ON draft (request_id);
CREATE INDEX legal_hold_by_request ON legal_hold (request_id);
CREATE INDEX recall_by_request ON recall (request_id);
CREATE INDEX release_grant_by_request ON release_grant (request_id);
CREATE INDEX release_receipt_by_request ON release_receipt (request_id);
CREATE INDEX rights_answer_by_request ON rights_answer (request_id);
CREATE INDEX snapshot_by_request ON snapshot (request_id);

-- What is over, the newest first: else the list reads past everything that waits.
CREATE INDEX request_over ON request (received_at DESC, id) WHERE state IN ('closed', 'refused', 'no_data', 'withdrawn', 'lapsed', 'expired');

RESET ROLE;
