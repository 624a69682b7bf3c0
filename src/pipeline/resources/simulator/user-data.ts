export interface SimulatorRun {
  region: string;
  stream: string;
  bucket: string;
  /** Of the archive with windops in it, and the SHA-256 that it must have. */
  codeKey: string;
  codeSha256: string;
  /** When the instance ends itself. */
  until: Date;
  /** Further arguments of `windops simulate`. */
  simulate: string[];
}

/**
 * What the instance does when it first boots (Amazon Linux 2023): first of all it arranges its own end, so that it also ends when
 * something after that fails; then it fetches windops from the pipeline's bucket and runs the simulator as a service with a user of its
 * own. Nothing comes from anywhere but that bucket and Amazon Linux's own packages. SIMULATOR_ROOT is for trying it on another machine.
 */
export function userData(run: SimulatorRun): string {
  const at = run.until.toISOString().replace("T", " ").slice(0, 19);
  const args = ["simulate", "--aws", "--region", run.region, "--stream", run.stream, "--no-color", ...run.simulate];
  return `#!/bin/bash
set -euo pipefail
root=\${SIMULATOR_ROOT:-}
units=$root/etc/systemd/system
home=$root/opt/windops
mkdir -p "$units" "$home"

cat > "$units/simulator-end.service" <<UNIT
[Unit]
Description=End of the Wind Turbine Simulator
[Service]
Type=oneshot
ExecStart=/usr/sbin/shutdown -h now
UNIT
cat > "$units/simulator-end.timer" <<UNIT
[Unit]
Description=End of the Wind Turbine Simulator
[Timer]
OnCalendar=${at} UTC
Persistent=true
[Install]
WantedBy=timers.target
UNIT
systemctl daemon-reload
systemctl enable --now simulator-end.timer

dnf install -y nodejs22
aws s3 cp --region ${quoted(run.region)} ${quoted(`s3://${run.bucket}/${run.codeKey}`)} "$home/windops.tar.gz"
echo ${quoted(run.codeSha256)} "$home/windops.tar.gz" | sha256sum -c -
tar -xzf "$home/windops.tar.gz" -C "$home"

cat > "$units/simulator.service" <<UNIT
[Unit]
Description=Wind Turbine Simulator
Wants=network-online.target
After=network-online.target
[Service]
DynamicUser=yes
StateDirectory=windops
Environment=HOME=/var/lib/windops
WorkingDirectory=$home
ExecStart=$root/usr/bin/node-22 $home/bin/windops.js ${args.map(unitWord).join(" ")}
Restart=on-failure
RestartSec=5
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
CapabilityBoundingSet=
[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable --now simulator.service
`;
}

/** For the shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** For a unit file inside a here document: names, numbers and flags need no quotes, and nothing else has any business there. */
function unitWord(word: string): string {
  if (!/^[\w./:@=-]+$/.test(word)) throw new Error(`"${word}" can't be an argument of the simulator's service`);
  return word;
}
