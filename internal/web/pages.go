package web

import "net/http"

// allViews lists every page of templates/pages. A page that is not listed here
// stops the server from starting.
func allViews() []view {
	return []view{
		errorView.view,
		landingView.view,
		signInView.view,
		skipListView.view,
		precedentsView.view,
		replyListView.view,
		keysView.view,
		signedOutView.view,
		providerGoView.view,
		providerBackView.view,
		enrolView.view,
		enrolledView.view,
		ownAccountView.view,
		newPasskeyView.view,
		accountListView.view,
		accountView.view,
		inviteView.view,
		codeView.view,
		verifyView.view,
		accessibilityView.view,
		privacyView.view,
		styleView.view,
		practiceView.view,
		requestListView.view,
		newRequestView.view,
		draftKindView.view,
		draftOrderView.view,
		draftTargetsView.view,
		draftNeedView.view,
		draftCheckView.view,
		draftSignView.view,
		requestView.view,
		withdrawView.view,
		cosignView.view,
		receiptView.view,
		precheckView.view,
		actView.view,
		recallListView.view,
		findingListView.view,
		appealsView.view,
		findingView.view,
		reviewQueueView.view,
		reviewView.view,
		releaseListView.view,
		releaseView.view,
		agencyListView.view,
		agencyNewView.view,
		agencyView.view,
		noticeListView.view,
		officeView.view,
		statementView.view,
		auditHomeView.view,
		auditCaseView.view,
		auditEventView.view,
		auditDeskView.view,
		deskView.view,
		userNoticeView.view,
		errorNoticeView.view,
		transparencyView.view,
	}
}

// allRoutes is the route table, act by act.
func (s *Server) allRoutes() []Route {
	routes := []Route{
		{Method: http.MethodGet, Path: "/static/*", Name: "static.show", Public: true, Handle: s.staticFile},
	}
	for _, part := range [][]Route{
		s.healthRoutes(), s.landingRoutes(), s.languageRoutes(), s.signInRoutes(), s.stepUpRoutes(), s.helpRoutes(), s.logRoutes(), s.publishedRoutes(), s.styleRoutes(), s.schemaRoutes(),
		s.enrolRoutes(), s.ownAccountRoutes(), s.accountRoutes(),
		s.practiceRoutes(), s.securityRoutes(),
		s.requestListRoutes(), s.draftRoutes(), s.requestShowRoutes(), s.cosignRoutes(), s.receiptRoutes(), s.precheckRoutes(), s.findingRoutes(), s.reviewRoutes(), s.benchRoutes(), s.releaseRoutes(), s.auditRoutes(), s.oversightRoutes(),
		s.fraudRoutes(), s.forgeryRoutes(), s.lossRoutes(),
		s.retentionRoutes(),
		s.processRoutes(), s.objectionRoutes(), s.rightsRoutes(),
		s.transparencyRoutes(), s.publishingRoutes(),
		s.gagRoutes(), s.userNoticeRoutes(), s.findingImportRoutes(), s.apiFindingRoutes(),
		s.recallAnswerRoutes(), s.changeRoutes(), s.followRoutes(), s.choiceRoutes(), s.resultRoutes(), s.recallRoutes(), s.appealRoutes(),
		s.agencyRoutes(), s.noticeRoutes(), s.officeRoutes(), s.statementRoutes(),
	} {
		routes = append(routes, part...)
	}
	return routes
}

// allInputs lists every input struct that a form is made of, for the test that
// looks for words which nobody wrote.
func allInputs() []any {
	return []any{signInInput{}, stepUpInput{}, nextInput{}, providerInput{}, enrolInput{}, newPasskeyInput{}, inviteInput{}, fingerprintInput{}, whyInput{}, leadReason{}, decideInput{}, sampleInput{},
		precheckInput{}, draftKindInput{}, draftOrderInput{}, draftNeedInput{}, draftTargetsInput{Targets: []targetInput{{}}}, replyInput{}, withdrawInput{}, sendBackInput{}, findingInput{},
		unclaimInput{}, takeClaimInput{}, skipInput{}, precedentsInput{}, replyTextInput{}, askInput{}, refuseInput{}, reopenInput{}, counselInput{}, approveInput{}, returnInput{},
		deletionInput{}, recallInput{}, recallVerdictInput{}, correctInput{}, appealInput{}, appealsInput{}, extendInput{}, choiceInput{}, narrowInput{Targets: []narrowRow{{}}}, takeOverInput{}, writeInput{}, noteInput{},
		lossInput{}, agencyInput{}, reasonInput{}, deliveryInput{}, renewInput{}, changeInput{}, entryInput{}, motionInput{}, callInput{},
		echoInput{}, overrideInput{}, decisionWordInput{}, clearInput{}, holdInput{}, containInput{}, liftInput{}, liftedInput{}, letterInput{}, sendInput{}, codeInput{}, answerInput{}, sensitiveInput{},
		forgedInput{}, takeOffInput{}, takenOffInput{},
		keepInput{}, unkeepInput{}, unkeptInput{},
		processInput{}, withdrawnInput{}, objectionInput{}, sealedInput{}, rightsOpenInput{}, rightsDecisionInput{}, unmarkInput{}, unmarkedInput{},
		whichInput{},
		gagInput{}, gagStepInput{}, findingFileInput{}, findingMadeInput{},
		searchInput{}, planInput{}, auditFindingInput{}, auditAnswerInput{}, auditWhyInput{}, errorInput{}, assessInput{}, tellInput{}, excuseInput{},
		addressInput{}, readInput{}, unitInput{}, assignInput{}, reverifyInput{}, disownInput{}}
}
