import { WindopsError } from "../io/errors/errors.ts";

/** What STS says of the credentials in use. */
export interface Caller {
  account: string;
  arn: string;
}

const expired = /Expired|expired|TokenRefreshRequired/;
const refused =
  /InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure|InvalidAccessKeyId|IncompleteSignature/;

/**
 * An error of the credential chain or of the signature as one clear line with its fix; undefined for any other error.
 * `exists`: the config files know the profile.
 */
export function credentialsError(
  error: unknown,
  profile: string | undefined,
  exists: boolean,
): WindopsError | undefined {
  const { name = "", message = "", $metadata } = error as { name?: string; message?: string; $metadata?: object };
  const of = profile === undefined ? "" : ` of profile "${profile}"`;
  const login = `aws sso login${profile === undefined ? "" : ` --profile ${profile}`}`;
  if (/\bSSO\b/.test(message) && !$metadata) {
    return new WindopsError("E_CREDENTIALS_EXPIRED", `The sign-in${of} has expired, or there was none.`, {
      hint: `Sign in with \`${login}\`.`,
      cause: error,
    });
  }
  if (name === "AccessDenied" && message.includes("sts:AssumeRole")) {
    return new WindopsError("E_CREDENTIALS_REFUSED", `The role${of} can't be taken on: ${firstLine(message)}`, {
      hint: "Check role_arn and source_profile in the config file, and whom the role trusts.",
      cause: error,
    });
  }
  if (expired.test(name) || (expired.test(message) && !$metadata)) {
    return new WindopsError("E_CREDENTIALS_EXPIRED", `The AWS credentials${of} have expired.`, {
      hint: `Renew them, e.g. with \`${login}\`.`,
      cause: error,
    });
  }
  if (refused.test(name)) {
    return new WindopsError("E_CREDENTIALS_REFUSED", `AWS doesn't accept the credentials${of}: ${firstLine(message)}`, {
      hint: "Check the access key and its secret, the session token, and this machine's clock.",
      cause: error,
    });
  }
  if ($metadata && name !== "CredentialsProviderError") return undefined;
  if (/CredentialsProviderError|TokenProviderError|InvalidConfigurationError/.test(name)) {
    const absent = profile !== undefined && !exists;
    const what = absent
      ? `There is no AWS profile "${profile}".`
      : `No AWS credentials${of} could be had: ${firstLine(message)}`;
    return new WindopsError("E_CREDENTIALS_MISSING", what, {
      hint: absent
        ? "See the profiles with `aws configure list-profiles`, then pass one with --profile."
        : `Pass --profile NAME, sign in (\`${login}\`), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
      cause: error,
    });
  }
  return undefined;
}

function firstLine(text: string): string {
  return text.split("\n")[0]!;
}
