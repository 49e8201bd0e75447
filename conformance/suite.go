package conformance

// basicAreas is the suite of Run.
var basicAreas = []namedArea{
	{"Transcripts", testTranscripts},
	{"Types", testTypes},
	{"ClientTypes", testClientTypes},
	{"Parameters", testParameters},
	{"Errors", testErrors},
	{"Protocol", testProtocol},
	{"Transactions", testTransactions},
	{"Savepoints", testSavepoints},
	{"Cursors", testCursors},
	{"Copy", testCopy},
	{"Notify", testNotify},
	{"LargeObjects", testLargeObjects},
	{"PLpgSQL", testPLpgSQL},
	{"Triggers", testTriggers},
	{"EventTriggers", testEventTriggers},
	{"FullText", testFullText},
	{"XML", testXML},
	{"JSON", testJSON},
	{"Columns", testColumns},
	{"DML", testDML},
	{"Queries", testQueries},
	{"Functions", testFunctions},
	{"Views", testViews},
	{"Partitions", testPartitions},
	{"Constraints", testConstraints},
	{"Roles", testRoles},
	{"Settings", testSettings},
	{"Prepared", testPrepared},
	{"Pipeline", testPipeline},
	{"Sizes", testSizes},
	{"Text", testText},
	{"TimeZones", testTimeZones},
	{"Sequences", testSequences},
	{"Explain", testExplain},
	{"Indexes", testIndexes},
	{"Maintenance", testMaintenance},
	{"AlterTable", testAlterTable},
	{"Objects", testObjects},
	{"Databases", testDatabases},
	{"AdvisoryLocks", testAdvisoryLocks},
	{"TempTables", testTempTables},
	{"Timeouts", testTimeouts},
	{"Limits", testLimits},
}

// extensionAreas is the suite of RunExtensions.
var extensionAreas = []namedArea{
	{"Types", testExtensionTypes},
	{"Indexes", testExtensionIndexes},
	{"Text", testExtensionText},
	{"Tables", testExtensionTables},
	{"Libraries", testLibraries},
	{"Inspection", testInspection},
	{"Vector", testVector},
	{"Together", testAllTogether},
}

// concurrencyAreas is the suite of RunConcurrency.
var concurrencyAreas = []namedArea{}
