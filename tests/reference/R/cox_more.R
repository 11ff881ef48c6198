# Rscript cox_more.R <inputs> <outputs>: weighted and clustered coxph, Firth's likelihood, splines, interactions, optimism.
library(survival)
library(numDeriv)
suppressMessages(library(rms))
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name) read.csv(file.path(folders[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = term, quantity = quantity,
                                            value = sprintf("%.17g", value))
}
tight <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 50)

rossi <- read("rossi")
lung <- read("lung")
gbsg2 <- read("gbsg2")
rossi$w <- 1 + (rossi$age %% 5) / 2
rossi$id <- seq_len(nrow(rossi)) %% 60
gbsg2$tgrade <- factor(gbsg2$tgrade, levels = c("I", "II", "III"))
gbsg2$horTh <- factor(gbsg2$horTh, levels = c("no", "yes"))
gbsg2$w <- 1 / (1 + (gbsg2$tsize %% 7))
gbsg2$id <- seq_len(nrow(gbsg2)) %% 40

robust <- function(name, formula, data, ties, weighted, clustered) {
  arguments <- list(formula, data = data, ties = ties, control = tight, robust = TRUE)
  if (weighted) arguments$weights <- data$w
  if (clustered) arguments$cluster <- data$id
  fit <- do.call(coxph, arguments)
  note(name, names(coef(fit)), "coefficient", unname(coef(fit)))
  note(name, names(coef(fit)), "std_error", sqrt(diag(fit$var)))
  note(name, names(coef(fit)), "naive_std_error", sqrt(diag(fit$naive.var)))
  note(name, "model", "wald_test", unname(fit$wald.test))
  note(name, "model", "score_test", fit$rscore)
  note(name, "model", "log_likelihood", fit$loglik[2])
  agreement <- concordance(fit)
  note(name, "model", "concordance", unname(agreement$concordance))
  note(name, "model", "concordance_error", sqrt(agreement$var))
  table <- cox.zph(fit, transform = "km")$table
  note(name, rownames(table), "ph_km", unname(table[, "chisq"]))
}
plain <- Surv(week, arrest) ~ fin + age + prio
split <- Surv(week, arrest) ~ fin + age + prio + strata(wexp)
for (ties in c("efron", "breslow")) {
  robust(paste0("weights_", ties), plain, rossi, ties, TRUE, FALSE)
  robust(paste0("cluster_", ties), plain, rossi, ties, FALSE, TRUE)
  robust(paste0("both_", ties), split, rossi, ties, TRUE, TRUE)
}
robust("robust", plain, rossi, "efron", FALSE, FALSE)
robust("weights_gbsg2", Surv(time, cens) ~ age + tgrade + pnodes + strata(horTh), gbsg2, "efron", TRUE, TRUE)

# Firth: survival's own likelihood and information, penalised, maximised and profiled here.
firth <- function(name, formula, data, ties) {
  frame <- model.frame(formula, data)
  x <- model.matrix(formula, frame)[, -1]
  x <- sweep(x, 2, colMeans(x))
  labels <- colnames(x)
  p <- ncol(x)
  at <- function(beta) {
    fit <- suppressWarnings(coxph.fit(x, frame[[1]], NULL, NULL, beta, coxph.control(iter.max = 0, toler.chol = 1e-15),
                                      NULL, ties, rownames(x)))
    list(value = fit$loglik[1] - as.vector(determinant(fit$var)$modulus) / 2, var = fit$var)
  }
  best <- function(beta, free) {
    for (turn in 1:100) {
      if (!length(free)) break
      here <- at(beta)
      unit <- sqrt(diag(here$var))[free]
      slope <- grad(function(z) at(replace(beta, free, beta[free] + z * unit))$value, rep(0, length(free)),
                    method.args = list(eps = 0.05)) / unit
      step <- solve(solve(here$var)[free, free, drop = FALSE], slope)
      step <- step * min(1, 1 / max(abs(step / unit)))
      while (max(abs(step / unit)) > 1e-9 && !isTRUE(at(replace(beta, free, beta[free] + step))$value > here$value))
        step <- step / 2
      beta[free] <- beta[free] + step
      if (max(abs(step / unit)) < 1e-11) break
    }
    list(beta = beta, value = at(beta)$value)
  }
  top <- best(rep(0, p), 1:p)
  unit <- sqrt(diag(at(top$beta)$var))
  note(name, labels, "coefficient", top$beta)
  note(name, labels, "std_error", unit)
  note(name, "model", "log_likelihood", top$value)
  note(name, "model", "likelihood_ratio_test", 2 * (top$value - at(rep(0, p))$value))
  for (j in 1:p) {
    fallen <- function(b) {
      start <- top$beta + (b - top$beta[j]) * at(top$beta)$var[, j] / unit[j]^2
      2 * max(0, top$value - best(replace(start, j, b), setdiff(1:p, j))$value)
    }
    for (side in c(-1, 1)) {
      limit <- uniroot(function(z) sqrt(fallen(top$beta[j] + side * z * unit[j])) - qnorm(0.975), c(0.5, 3),
                       extendInt = "upX", tol = 1e-12)$root
      note(name, labels[j], if (side < 0) "conf_low" else "conf_high", top$beta[j] + side * limit * unit[j])
    }
    note(name, labels[j], "statistic", fallen(0))
  }
}
firth("firth_efron", plain, rossi, "efron")
firth("firth_breslow", plain, rossi, "breslow")
apart <- gbsg2[1:200, ]
apart$carrier <- as.integer(apart$cens == 0 & seq_len(200) %% 3 == 0)
firth("firth_separated", Surv(time, cens) ~ carrier + age, apart, "efron")
single <- lung[1:60, ]
single$status <- as.integer(seq_len(60) == 17)
firth("firth_one_event", Surv(time, status) ~ age + sex, single, "breslow")

# Splines: cph and its contrasts.
options(datadist = "ranges")
spline <- function(name, formula, data, column) {
  environment(formula) <- environment()
  ranges <<- datadist(data)
  fit <- cph(formula, data, eps = 1e-13, iter.max = 50, tol = 1e-14, x = TRUE, y = TRUE)
  basis <- fit$x
  note(name, seq_along(coef(fit)), "coefficient", unname(coef(fit)))
  note(name, seq_along(coef(fit)), "std_error", sqrt(diag(vcov(fit))))
  table <- anova(fit)
  note(name, column, "spline_test", table[column, "Chi-Square"])
  note(name, column, "nonlinearity_test", table[" Nonlinear", "Chi-Square"][1])
  note(name, column, "knots", fit$Design$parms[[column]])
  drop <- function(kept) coxph(fit$y ~ ., data.frame(basis[, kept, drop = FALSE]), control = tight)$loglik[2]
  of <- grep(column, colnames(basis))
  note(name, column, "spline_lr", 2 * (fit$loglik[2] - drop(-of)))
  note(name, column, "nonlinearity_lr", 2 * (fit$loglik[2] - drop(-of[-1])))
  of_list <- function(value) structure(list(value), names = column)
  places <- c(1, 25, 50, 75, 100)
  at <- do.call(seq, c(as.list(unname(quantile(data[[column]], c(0.05, 0.95)))), length.out = 100))[places]
  compared <- contrast(fit, of_list(at), of_list(median(data[[column]])))
  note(name, places, "log_ratio", compared$Contrast)
  note(name, places, "low", compared$Lower)
  note(name, places, "high", compared$Upper)
}
spline("spline_age", Surv(time, cens) ~ rcs(age, 4) + pnodes, gbsg2, "age")
spline("spline_knots", Surv(time, cens) ~ rcs(pnodes, c(1, 3, 6, 12, 20)) + age, gbsg2, "pnodes")
for (count in 3:7) {
  basis <- rcspline.eval(gbsg2$tsize, nk = count, inclx = TRUE, norm = 2)
  note("basis", paste(count, seq_len(count)), "knots", attr(basis, "knots"))
  note("basis", paste(count, seq_len(count - 1)), "sum", colSums(basis))
  note("basis", paste(count, seq_len(count - 1)), "square", colSums(basis^2))
}

product <- function(name, small, large, data) {
  one <- coxph(small, data, control = tight)
  two <- coxph(large, data, control = tight)
  note(name, names(coef(two)), "coefficient", unname(coef(two)))
  note(name, names(coef(two)), "std_error", sqrt(diag(vcov(two))))
  note(name, "product", "lr", 2 * (two$loglik[2] - one$loglik[2]))
  kept <- -seq_along(coef(one))
  note(name, "product", "wald", drop(coef(two)[kept] %*% solve(vcov(two)[kept, kept], coef(two)[kept])))
}
product("product_numbers", Surv(time, cens) ~ age + pnodes, Surv(time, cens) ~ age * pnodes, gbsg2)
product("product_levels", Surv(time, cens) ~ pnodes + tgrade, Surv(time, cens) ~ pnodes * tgrade, gbsg2)
# A ratio at another level or at the mean is a coefficient of the model that has its zero there.
turned <- function(name, term, formula, data) {
  fit <- coxph(formula, data, control = tight)
  note(name, term, "at_coefficient", unname(coef(fit)[1]))
  note(name, term, "at_std_error", sqrt(vcov(fit)[1, 1]))
}
for (level in levels(gbsg2$tgrade)) {
  gbsg2$from <- relevel(gbsg2$tgrade, level)
  turned("product_levels", level, Surv(time, cens) ~ pnodes * from, gbsg2)
}
gbsg2$middle <- gbsg2$pnodes - mean(gbsg2$pnodes)
turned("product_numbers", "mean", Surv(time, cens) ~ age * middle, gbsg2)
product("product_grades", Surv(time, cens) ~ horTh + tgrade, Surv(time, cens) ~ horTh * tgrade, gbsg2)

# Optimism: rms's validate; its 2,000 samples are not ours, so that tests allow for both Monte Carlo errors.
set.seed(1)
validated <- lung[complete.cases(lung[, c("age", "sex", "ph_ecog")]), ]
fit <- cph(Surv(time, status) ~ age + sex + ph_ecog, validated, x = TRUE, y = TRUE, eps = 1e-9, tol = 1e-12)
table <- validate(fit, B = 2000)
note("optimism", "model", "concordance", abs(table["Dxy", "index.orig"]) / 2 + 0.5)
note("optimism", "model", "concordance_corrected", abs(table["Dxy", "index.corrected"]) / 2 + 0.5)
note("optimism", "model", "calibration_slope", table["Slope", "index.corrected"])
write.csv(do.call(rbind, found), file.path(folders[2], "cox_more.csv"), row.names = FALSE, quote = FALSE)
