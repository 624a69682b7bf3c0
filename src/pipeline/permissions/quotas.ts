/** Quotas of the account that a pipeline needs some of, as Service Quotas names them. */
export const QUOTAS = [
  { service: "lambda", code: "L-B99A9384", what: "concurrent executions of Lambda functions", needed: 10 },
  { service: "dynamodb", code: "L-F98FE922", what: "DynamoDB tables", needed: 2 },
  { service: "sns", code: "L-61103206", what: "SNS topics", needed: 2 },
] as const;
