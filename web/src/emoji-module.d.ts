// Made by the build from a package: each section's name, and its emoji with theirs.
declare module "virtual:emoji" {
  const packed: [string, [string, string][]][];
  export default packed;
}
